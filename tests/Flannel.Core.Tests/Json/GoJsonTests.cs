using System.Text;
using System.Text.Json;
using Flannel.Core.Json;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Json;

public sealed class GoJsonTests
{
    [Theory]
    [InlineData("""{"VNI":1}""", """{"VNI":1}""")]
    [InlineData("{ \"VNI\" :\t1 ,\r\n \"a\": [ 1.50 , -0e+1 ] }", """{"VNI":1,"a":[1.50,-0e+1]}""")]
    [InlineData("\" a  b \"", "\" a  b \"")]
    [InlineData("""{"a": "<&> + / \" { } \\"}""", """{"a":"\u003c\u0026\u003e + / \" { } \\"}""")]
    [InlineData("\"\u2028\u2029\u00e9\u007f\"", "\"\\u2028\\u2029\u00e9\u007f\"")]
    [InlineData("""{"<": "\/ \u003C \ud83d\ude00"}""", """{"\u003c":"\/ \u003C \ud83d\ude00"}""")]
    [InlineData(" null ", "null")]
    public void Compact_ChangesWhatGoChangesAndNothingElse(string json, string expected)
    {
        Assert.Equal(expected, GoJson.Compact(json));
        Assert.Equal(expected, GoJson.TryCompact(json, 8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("1 2")]
    [InlineData("vxlan")]
    [InlineData("[[[]]]")]
    public void TryCompact_NotJsonOrTooDeep_IsNull(string text) => Assert.Null(GoJson.TryCompact(text, 2));

    [Fact]
    public void TryCompact_HalfASurrogatePair_IsNull() => Assert.Null(GoJson.TryCompact("\"\ud800\"", 2));

    [Theory]
    [InlineData("vxlan", "\"vxlan\"")]
    [InlineData("a\"b\\c/d+e", "\"a\\\"b\\\\c/d+e\"")]
    [InlineData("<&>\u2028\u2029", "\"\\u003c\\u0026\\u003e\\u2028\\u2029\"")]
    [InlineData("\b\f\n\r\t\u0000\u001f\u007f", "\"\\b\\f\\n\\r\\t\\u0000\\u001f\u007f\"")]
    [InlineData("é😀", "\"é😀\"")]
    public void AppendString_EscapesAsGoDoes(string value, string expected)
    {
        var text = new StringBuilder();
        GoJson.AppendString(text, value);

        Assert.Equal(expected, text.ToString());
    }

    [Fact]
    public void AppendString_AnyText_ReadsBackAsTheSameText() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), value =>
        {
            string wellFormed = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value.Get));
            var text = new StringBuilder();
            GoJson.AppendString(text, wellFormed);
            using JsonDocument document = JsonDocument.Parse(text.ToString());
            return document.RootElement.GetString() == wellFormed && GoJson.Compact(text.ToString()) == text.ToString();
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Excerpt_LongOrMultiline_IsShortAndOnOneLine()
    {
        using JsonDocument document = JsonDocument.Parse($"{{ \"a\":\n \"{new string('x', 500)}\" }}");

        Assert.Equal(81, GoJson.Excerpt(document.RootElement).Length);
        Assert.StartsWith("{\"a\":\"xxx", GoJson.Excerpt(document.RootElement), StringComparison.Ordinal);
        Assert.Equal("\"a\\nb\"", GoJson.Excerpt("a\nb"));
        Assert.EndsWith("…", GoJson.Excerpt(new string('x', 500)), StringComparison.Ordinal);
    }
}
