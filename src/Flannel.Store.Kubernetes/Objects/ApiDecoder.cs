using System.Text.Json;

namespace Flannel.Store.Kubernetes.Objects;

/// <summary>
/// Picks out of JSON, token by token, what is needed of objects, so that an answer of any size costs no more memory than what is kept of it. Fed by
/// <see cref="ApiJson"/>; can stop between any two tokens.
/// </summary>
/// <remarks>
/// Levels are counted from the object: its members are at level 1, those of <c>metadata</c> at level 2, and so on. Of each level the member that the
/// reader is in is remembered, as far as it matters.
/// </remarks>
internal sealed class ApiDecoder
{
    // Nobody needs the whole of a text that long in a message.
    private const int MaxMessage = 1024;

    // An object is at most 1.5 MB large, and so is every string in it.
    private const int MaxData = 1 << 20;

    private readonly ApiShape _shape;
    private readonly AnnotationNames _names;
    private readonly string? _dataKey;
    private readonly int _root;

    private bool _isInObject;
    private Member _outer;
    private Member _first;
    private Member _second;
    private Member _fourth;
    private Annotation? _annotation;
    private bool _isData;
    private ApiItemKind _kind;

    private ApiObject _object = new();
    private string? _podCidr;
    private List<string>? _podCidrs;
    private AnnotationSet _annotations = AnnotationSet.Empty;
    private string? _conditionType;
    private string? _conditionStatus;
    private string? _conditionReason;
    private ApiStatus? _status;

    /// <param name="shape">What the answer is made of.</param>
    /// <param name="names">The annotations to look for.</param>
    /// <param name="dataKey">The key of a ConfigMap to look for.</param>
    public ApiDecoder(ApiShape shape, AnnotationNames names, string? dataKey = null)
    {
        _shape = shape;
        _names = names;
        _dataKey = dataKey;
        _root = (int)shape;
    }

    private enum Member
    {
        None, Type, Object, Items, Metadata, Continue, ResourceVersion, Name, Uid, Created, Annotations, Spec, PodCidr, PodCidrs, NodeName, Status,
        Conditions,
        Data, Code, Reason, Message, Details, RetryAfter, Causes,
    }

    /// <summary>The objects that are complete; whoever reads them takes them out.</summary>
    public List<ApiItem> Items { get; } = [];

    /// <summary>The version that a list shows.</summary>
    public string ListVersion { get; private set; } = "";

    /// <summary>Where the next page of a list begins; empty for the last one.</summary>
    public string Continue { get; private set; } = "";

    /// <summary>Takes in the token that the reader stands at.</summary>
    public void Take(ref Utf8JsonReader reader)
    {
        int level = reader.CurrentDepth - _root;
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                Enter(ref reader, level);
                break;
            case JsonTokenType.StartObject when level == 0 && !_isInObject && BeginsObject:
                Begin();
                break;
            case JsonTokenType.StartObject when level == 3 && IsCondition:
                (_conditionType, _conditionStatus, _conditionReason) = (null, null, null);
                break;
            case JsonTokenType.EndObject when level == 3 && IsCondition:
                if (_conditionType == "NetworkUnavailable")
                    _object = _object with { NetworkUnavailable = $"{_conditionStatus} {_conditionReason}" };
                break;
            case JsonTokenType.EndObject when level == 0 && _isInObject:
                End();
                break;
            case JsonTokenType.StartObject when _shape == ApiShape.Watch && reader.CurrentDepth == 0:
                _kind = ApiItemKind.Unknown;
                break;
            case JsonTokenType.String or JsonTokenType.Number when _isInObject:
                Read(ref reader, level);
                break;
            case JsonTokenType.String when !_isInObject:
                ReadOuter(ref reader);
                break;
        }
    }

    private bool BeginsObject => _shape switch
    {
        ApiShape.Object => true,
        ApiShape.Watch => _outer == Member.Object,
        _ => _outer == Member.Items,
    };

    private bool IsCondition => _isInObject && _first == Member.Status && _second == Member.Conditions;

    private void Begin()
    {
        _isInObject = true;
        (_first, _second, _fourth) = (Member.None, Member.None, Member.None);
        (_annotation, _isData) = (null, false);
        (_object, _podCidr, _podCidrs, _annotations, _status) = (new ApiObject(), null, null, AnnotationSet.Empty, null);
    }

    private void End()
    {
        _isInObject = false;
        IReadOnlyList<string> cidrs = _podCidrs is { Count: > 0 } list ? list : _podCidr is { Length: > 0 } one ? [one] : [];
        ApiObject found = _object with { PodCidrs = cidrs, Annotations = _annotations };
        Items.Add(new ApiItem(_shape == ApiShape.Watch ? _kind : ApiItemKind.Object, found, _status));
    }

    private void Enter(ref Utf8JsonReader reader, int level)
    {
        if (!_isInObject)
        {
            EnterOuter(ref reader);
            return;
        }

        switch (level)
        {
            case 1:
                (_first, _second) = (NameOfFirst(ref reader), Member.None);
                break;
            case 2:
                _second = NameOfSecond(ref reader);
                _isData = _first == Member.Data && _dataKey is not null && reader.ValueTextEquals(_dataKey);
                break;
            case 3:
                _annotation = _first == Member.Metadata && _second == Member.Annotations ? _names.Match(ref reader) : null;
                break;
            case 4:
                _fourth = NameOfFourth(ref reader);
                break;
        }
    }

    private void EnterOuter(ref Utf8JsonReader reader)
    {
        if (reader.CurrentDepth == 1)
        {
            _outer = reader.ValueTextEquals("type"u8) ? Member.Type
                : reader.ValueTextEquals("object"u8) ? Member.Object
                : reader.ValueTextEquals("items"u8) ? Member.Items
                : reader.ValueTextEquals("metadata"u8) ? Member.Metadata
                : Member.None;
        }
        else if (reader.CurrentDepth == 2)
        {
            _second = reader.ValueTextEquals("resourceVersion"u8) ? Member.ResourceVersion
                : reader.ValueTextEquals("continue"u8) ? Member.Continue
                : Member.None;
        }
    }

    private static Member NameOfFirst(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("metadata"u8) ? Member.Metadata
        : reader.ValueTextEquals("spec"u8) ? Member.Spec
        : reader.ValueTextEquals("status"u8) ? Member.Status
        : reader.ValueTextEquals("data"u8) ? Member.Data
        : reader.ValueTextEquals("code"u8) ? Member.Code
        : reader.ValueTextEquals("reason"u8) ? Member.Reason
        : reader.ValueTextEquals("message"u8) ? Member.Message
        : reader.ValueTextEquals("details"u8) ? Member.Details
        : Member.None;

    private Member NameOfSecond(ref Utf8JsonReader reader) => _first switch
    {
        Member.Metadata => reader.ValueTextEquals("name"u8) ? Member.Name
            : reader.ValueTextEquals("uid"u8) ? Member.Uid
            : reader.ValueTextEquals("resourceVersion"u8) ? Member.ResourceVersion
            : reader.ValueTextEquals("creationTimestamp"u8) ? Member.Created
            : reader.ValueTextEquals("annotations"u8) ? Member.Annotations
            : Member.None,
        Member.Spec => reader.ValueTextEquals("podCIDR"u8) ? Member.PodCidr
            : reader.ValueTextEquals("podCIDRs"u8) ? Member.PodCidrs
            : reader.ValueTextEquals("nodeName"u8) ? Member.NodeName
            : Member.None,
        Member.Status => reader.ValueTextEquals("conditions"u8) ? Member.Conditions : Member.None,
        Member.Details => reader.ValueTextEquals("retryAfterSeconds"u8) ? Member.RetryAfter
            : reader.ValueTextEquals("causes"u8) ? Member.Causes
            : Member.None,
        _ => Member.None,
    };

    private static Member NameOfFourth(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("type"u8) ? Member.Type
        : reader.ValueTextEquals("status"u8) ? Member.Status
        : reader.ValueTextEquals("reason"u8) ? Member.Reason
        : Member.None;

    private void ReadOuter(ref Utf8JsonReader reader)
    {
        if (_shape == ApiShape.Watch && reader.CurrentDepth == 1 && _outer == Member.Type)
        {
            _kind = reader.ValueTextEquals("ADDED"u8) ? ApiItemKind.Added
                : reader.ValueTextEquals("MODIFIED"u8) ? ApiItemKind.Modified
                : reader.ValueTextEquals("DELETED"u8) ? ApiItemKind.Deleted
                : reader.ValueTextEquals("BOOKMARK"u8) ? ApiItemKind.Bookmark
                : reader.ValueTextEquals("ERROR"u8) ? ApiItemKind.Error
                : ApiItemKind.Unknown;
        }
        else if (_shape == ApiShape.List && reader.CurrentDepth == 2 && _outer == Member.Metadata)
        {
            if (_second == Member.ResourceVersion)
                ListVersion = Text(ref reader, MaxMessage) ?? "";
            else if (_second == Member.Continue)
                Continue = Text(ref reader, MaxData) ?? "";
        }
    }

    private void Read(ref Utf8JsonReader reader, int level)
    {
        bool isText = reader.TokenType == JsonTokenType.String;
        switch (level, _first, _second)
        {
            case (1, Member.Code, _) when !isText && reader.TryGetInt32(out int code):
                _status = Status with { Code = code };
                break;
            case (1, Member.Reason, _) when isText:
                _status = Status with { Reason = Text(ref reader, MaxMessage) ?? "" };
                break;
            case (1, Member.Message, _) when isText:
                _status = Status with { Message = Text(ref reader, MaxMessage) ?? "" };
                break;
            case (2, Member.Details, Member.RetryAfter) when !isText && reader.TryGetInt32(out int seconds):
                _status = Status with { RetryAfter = seconds };
                break;
            case (2, Member.Data, _) when isText && _isData:
                _object = _object with { Data = Text(ref reader, MaxData) };
                break;
            case (2, _, not Member.None) when isText:
                ReadMember(ref reader);
                break;
            case (3, Member.Spec, Member.PodCidrs) when isText:
                (_podCidrs ??= []).Add(Text(ref reader, MaxMessage) ?? "");
                break;
            case (3, Member.Metadata, Member.Annotations) when isText && _annotation is { } annotation:
                // One character more than allowed is enough to know that it is too long.
                _annotations = _annotations.With(
                    annotation, Text(ref reader, AnnotationSet.MaxLength) ?? new string('?', AnnotationSet.MaxLength + 1));
                break;
            case (4, Member.Status, Member.Conditions) when isText && _fourth == Member.Type:
                _conditionType = Text(ref reader, MaxMessage);
                break;
            case (4, Member.Status, Member.Conditions) when isText && _fourth == Member.Status:
                _conditionStatus = Text(ref reader, MaxMessage);
                break;
            case (4, Member.Status, Member.Conditions) when isText && _fourth == Member.Reason:
                _conditionReason = Text(ref reader, MaxMessage);
                break;
            case (4, Member.Details, Member.Causes) when isText && _fourth == Member.Reason && Status.Cause.Length == 0:
                _status = Status with { Cause = Text(ref reader, MaxMessage) ?? "" };
                break;
        }
    }

    private ApiStatus Status => _status ?? new ApiStatus(0, "", "");

    private void ReadMember(ref Utf8JsonReader reader)
    {
        switch (_first, _second)
        {
            case (Member.Metadata, Member.Name):
                _object = _object with { Name = Text(ref reader, MaxMessage) ?? "" };
                break;
            case (Member.Metadata, Member.Uid):
                _object = _object with { Uid = Text(ref reader, MaxMessage) ?? "" };
                break;
            case (Member.Metadata, Member.ResourceVersion):
                _object = _object with { ResourceVersion = Text(ref reader, MaxMessage) ?? "" };
                break;
            case (Member.Metadata, Member.Created):
                _object = _object with { Created = Text(ref reader, MaxMessage) ?? "" };
                break;
            case (Member.Spec, Member.PodCidr):
                _podCidr = Text(ref reader, MaxMessage);
                break;
            case (Member.Spec, Member.NodeName):
                _object = _object with { NodeName = Text(ref reader, MaxMessage) };
                break;
        }
    }

    /// <summary>A string, or <see langword="null"/> if it is too long or no text.</summary>
    private static string? Text(ref Utf8JsonReader reader, int maxBytes)
    {
        if (reader.ValueSpan.Length > maxBytes)
            return null;
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            // Bytes that are no UTF-8, or half a surrogate pair.
            return null;
        }
    }
}
