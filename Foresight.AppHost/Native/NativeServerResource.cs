using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.Native;

/// <summary>A server that runs as a program of this machine, without a container engine, on a fixed port of 127.0.0.1.</summary>
/// <param name="state">Where its data is.</param>
/// <param name="endpointName">As the container resource of the same server names it.</param>
public abstract class NativeServerResource(string name, NativeState state, string endpointName)
    : ExecutableResource(name, "/bin/sh", "/"),
        IResourceWithConnectionString
{
    /// <summary>Servers listen here only.</summary>
    public const string Address = "127.0.0.1";

    public string DataFolder { get; } = state.DataOf(name);

    public EndpointReference PrimaryEndpoint => new(this, endpointName);

    /// <summary>In the form that clients of this kind of server read.</summary>
    public abstract ReferenceExpression ConnectionStringExpression { get; }

    /// <summary>
    /// Of the server itself, not of the shell above it; null while it does not run. A shell that was killed leaves its file behind, and the
    /// number may be another program's by now: only a child of the shell that was started with this file counts.
    /// </summary>
    public int? ProcessId
    {
        get
        {
            try
            {
                return
                    int.TryParse(File.ReadAllText(ProcessIdFile), out var processId)
                    && Signals.ParentOf(processId) is { } shell
                    && File.ReadAllText($"/proc/{shell}/cmdline").Split('\0').Contains(ProcessIdFile)
                    ? processId
                    : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return null;
            }
        }
    }

    internal NativeState State { get; } = state;

    internal string ProcessIdFile => State.ProcessIdOf(Name);
}
