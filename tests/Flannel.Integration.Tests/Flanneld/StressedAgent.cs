using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>One agent of an <see cref="EtcdLossWave"/>, alone on its host.</summary>
internal sealed class StressedAgent(LabHost host, StopMoment moment) : IAsyncDisposable
{
    private FlanneldProcess? _process;

    public StopMoment Moment => moment;

    /// <summary>Whether something about it has been reported.</summary>
    public bool HasFailed { get; set; }

    /// <summary>The process, once started.</summary>
    public FlanneldProcess Process => _process!;

    /// <summary>The end of its lease's key, once ready: <c>10.5.3.0-24</c>.</summary>
    public string Key { get; private set; } = "";

    /// <summary>Starts it.</summary>
    public void Launch(params string[] arguments) => _process = FlanneldProcess.Start(host, arguments);

    /// <summary>Waits until it minds signals.</summary>
    public Task WaitForStartAsync() => Process.WaitForOutputAsync(" is Starting.");

    /// <summary>Waits until it is ready.</summary>
    public async Task WaitForReadyAsync()
    {
        await Process.WaitForReadyAsync();
        Key = SubnetFile.Parse(await Process.WaitForSubnetFileAsync()).Subnet!.Value.ToString().Replace('/', '-');
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;

    public override string ToString() => $"agent on {host.Address}, to end {moment}{(Key.Length > 0 ? $", lease {Key}" : "")}";
}
