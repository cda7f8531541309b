using System.Globalization;
using System.Text;

namespace Flanneld.Health;

/// <summary>An HTTP response.</summary>
internal sealed record HttpAnswer(int Status, string Body)
{
    public string ContentType { get; init; } = "text/plain; charset=utf-8";

    private string Phrase => Status switch
    {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "",
    };

    public byte[] ToBytes(bool withBody)
    {
        byte[] body = Encoding.UTF8.GetBytes(Body);
        string allow = Status == 405 ? "Allow: GET, HEAD\r\n" : "";
        byte[] head = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {Status} {Phrase}\r\nContent-Type: {ContentType}\r\nContent-Length: {body.Length}\r\nCache-Control: " +
            $"no-store\r\n{allow}Connection: close\r\n\r\n"));
        return withBody ? [.. head, .. body] : head;
    }
}
