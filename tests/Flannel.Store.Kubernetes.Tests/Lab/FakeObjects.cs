using System.Globalization;
using System.Text.Json.Nodes;

namespace Flannel.Store.Kubernetes.Tests.Lab;

/// <summary>Objects of one kind with versions and a history, as a watch cache has them.</summary>
internal sealed class FakeObjects(Func<long> nextVersion)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly List<(long Version, string Kind, string Text)> _history = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Versions up to this one are forgotten.</summary>
    public long Forgotten { get; private set; }

    public JsonObject? Get(string name)
    {
        lock (_gate)
            return _objects.TryGetValue(name, out JsonObject? found) ? (JsonObject)found.DeepClone() : null;
    }

    public IReadOnlyList<JsonObject> All()
    {
        lock (_gate)
            return [.. _objects.Values.Select(static value => (JsonObject)value.DeepClone())];
    }

    /// <summary>Creates or replaces an object; its version is set.</summary>
    public JsonObject Put(JsonObject value)
    {
        string name = (string)value["metadata"]!["name"]!;
        lock (_gate)
        {
            long version = nextVersion();
            value["metadata"]!["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture);
            bool isNew = !_objects.ContainsKey(name);
            _objects[name] = value;
            Tell(version, isNew ? "ADDED" : "MODIFIED", value);
            return (JsonObject)value.DeepClone();
        }
    }

    /// <summary>Changes an object as one step, so that no other change is lost and nothing that is deleted comes back.</summary>
    /// <returns>The object as it is now, or <see langword="null"/> if there is none.</returns>
    public JsonObject? Change(string name, Action<JsonObject> change)
    {
        lock (_gate)
        {
            if (Get(name) is not { } value)
                return null;
            change(value);
            return Put(value);
        }
    }

    public void Delete(string name)
    {
        lock (_gate)
        {
            if (!_objects.Remove(name, out JsonObject? gone))
                return;
            long version = nextVersion();
            gone["metadata"]!["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture);
            Tell(version, "DELETED", gone);
        }
    }

    public void Bookmark()
    {
        lock (_gate)
        {
            long version = nextVersion();
            _history.Add(
                (version, "BOOKMARK", $$$"""{"kind":"Node","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}","creationTimestamp":null},"spec":{},"status":{}}"""));
            Signal();
        }
    }

    /// <summary>Forgets what has happened, as a restarted server does.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            Forgotten = _history.Count > 0 ? _history[^1].Version : Forgotten;
            _history.Clear();
        }
    }

    public (IReadOnlyList<(long Version, string Kind, string Text)> Events, Task Changed) After(long version)
    {
        lock (_gate)
            return ([.. _history.Where(entry => entry.Version > version)], _changed.Task);
    }

    private void Tell(long version, string kind, JsonObject value)
    {
        _history.Add((version, kind, value.ToJsonString()));
        Signal();
    }

    private void Signal()
    {
        TaskCompletionSource changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }
}
