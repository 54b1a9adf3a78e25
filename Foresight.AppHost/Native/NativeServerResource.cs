using Aspire.Hosting.ApplicationModel;

namespace Foresight.AppHost.Native;

/// <param name="endpointName">The endpoint's name in the container resource of the same server, so that references work with both.</param>
public abstract class NativeServerResource(string name, NativeState state, string endpointName)
    : ExecutableResource(name, "/bin/sh", "/"),
        IResourceWithConnectionString
{
    /// <summary>Loopback only: the servers must not be reachable from outside.</summary>
    public const string Address = "127.0.0.1";

    public string DataFolder { get; } = state.DataOf(name);

    public EndpointReference PrimaryEndpoint => new(this, endpointName);

    public abstract ReferenceExpression ConnectionStringExpression { get; }

    /// <summary>
    /// The pid file of a killed shell remains, and its number may be reused, so only a child of the shell that was started with this file
    /// counts. Null while the server does not run.
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
