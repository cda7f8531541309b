namespace Orchestrator;

/// <summary>The demo cannot go on; the message is for the person in front of it.</summary>
internal sealed class DemoException(string message) : Exception(message);
