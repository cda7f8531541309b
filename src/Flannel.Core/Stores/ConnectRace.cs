using System.Net;
using System.Net.Sockets;

namespace Flannel.Extensibility;

/// <summary>
/// One connection to whichever address of a name answers first, as Go's clients make it. An address that is silent, or of a family without a route,
/// holds up the others for a moment only.
/// </summary>
public static class ConnectRace
{
    // RFC 8305, section 5.
    private static readonly TimeSpan HeadStart = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Connects to one of several addresses. They are tried in their order, but in turns of the families; each has a head start before the next one,
    /// which begins at once when one fails.
    /// </summary>
    /// <param name="addresses">The addresses, as the name servers gave them.</param>
    /// <param name="port">The TCP port, 1 to 65535.</param>
    /// <param name="time">The clock that the head start runs on.</param>
    /// <param name="prepare">Sets options of a socket before it connects, or <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends every attempt.</param>
    /// <returns>The connected socket, without Nagle's delay.</returns>
    /// <exception cref="SocketException">
    /// None was reached; the message names those that were tried. Also when it was cancelled, or when there is no address.
    /// </exception>
    public static async Task<Socket> ConnectAsync(
        IReadOnlyCollection<IPAddress> addresses, int port, TimeProvider time, Action<Socket>? prepare, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        ArgumentNullException.ThrowIfNull(time);
        if (addresses.Count == 0)
            throw new SocketException((int)SocketError.HostNotFound);
        IPAddress[] order = InTurns(addresses);
        List<Task<Socket>> attempts = [], pending = [];
        Task<Socket>? winner = null;
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (true)
            {
                if (attempts.Count < order.Length)
                {
                    attempts.Add(ConnectAsync(order[attempts.Count], port, prepare, over.Token));
                    pending.Add(attempts[^1]);
                }

                bool areMoreLeft = attempts.Count < order.Length;
                List<Task> waits = [.. pending];
                if (areMoreLeft)
                    waits.Add(Task.Delay(HeadStart, time, over.Token));
                // What has ended is looked at once it was waited for, and never before: it may end at any moment.
                Task next = await Task.WhenAny(waits).ConfigureAwait(false);
                if (next is Task<Socket> { IsCompletedSuccessfully: true } connected)
                    return await (winner = connected).ConfigureAwait(false);
                pending.RemoveAll(attempt => attempt == next);
                if ((pending.Count == 0 && !areMoreLeft) || cancellationToken.IsCancellationRequested)
                    throw Failure(order, attempts);
            }
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            foreach (Task<Socket> attempt in attempts)
            {
                if (attempt != winner)
                    _ = DropAsync(attempt);
            }
        }
    }

    /// <summary>Connects to one address.</summary>
    /// <param name="address">The address.</param>
    /// <param name="port">The TCP port, 1 to 65535.</param>
    /// <param name="prepare">Sets options of the socket before it connects, or <see langword="null"/>.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The connected socket, without Nagle's delay.</returns>
    /// <exception cref="SocketException">It was not reached.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<Socket> ConnectAsync(IPAddress address, int port, Action<Socket>? prepare, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            prepare?.Invoke(socket);
            await socket.ConnectAsync(address, port, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IPAddress[] InTurns(IReadOnlyCollection<IPAddress> addresses) =>
    [
        .. addresses.GroupBy(static address => address.AddressFamily)
            .SelectMany(static family => family.Index())
            .OrderBy(static turn => turn.Index)
            .Select(static turn => turn.Item),
    ];

    private static SocketException Failure(IPAddress[] order, List<Task<Socket>> attempts)
    {
        SocketException?[] errors = [.. attempts.Select(static attempt => attempt.Exception?.InnerException as SocketException)];
        string[] reasons = [.. errors.Select((error, index) => $"{error?.Message ?? "no answer"} ({order[index]})")];
        SocketError code = errors.Contains(null) ? SocketError.TimedOut : errors[0]!.SocketErrorCode;
        return new SocketException((int)code, string.Join(", ", reasons));
    }

    // It may have connected just now.
    private static async Task DropAsync(Task<Socket> attempt)
    {
        await ((Task)attempt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (attempt.IsCompletedSuccessfully)
            (await attempt.ConfigureAwait(false)).Dispose();
    }
}
