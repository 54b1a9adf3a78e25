using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.LocalHosting;

/// <summary>What making a plan may use: the replica, its resolved environment and arguments, its folder, the programs.</summary>
internal sealed class LaunchContext(
    ResourceInstance instance,
    StateFolder state,
    ProgramFinder programs,
    Watchdog watchdog,
    string environmentName,
    Dictionary<string, string> environment,
    IReadOnlyList<string> arguments)
{
    public ResourceInstance Instance { get; } = instance;

    public StateFolder State { get; } = state;

    public ProgramFinder Programs { get; } = programs;

    /// <summary>Development unless DOTNET_ENVIRONMENT says otherwise.</summary>
    public string EnvironmentName { get; } = environmentName;

    public Dictionary<string, string> Environment { get; } = environment;

    public IReadOnlyList<string> Arguments { get; } = arguments;

    public string DataFolder { get; } = state.DataOf(instance.Id);

    public AllocatedEndpoint? FirstEndpoint =>
        Instance.Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault()?.Allocated[Instance.Replica];

    public AllocatedEndpoint RequiredEndpoint =>
        FirstEndpoint ?? throw new DistributedApplicationException($"Resource '{Instance.Id}' needs an endpoint.");

    public string? UrlOf(string endpointName) =>
        Instance.Resource is IResourceWithEndpoints owner ? new EndpointReference(owner, endpointName).UrlOf(Instance.Replica) : null;

    /// <summary>Makes the data folder, owned by the account the program runs as.</summary>
    public void CreateDataFolder(UserAccount? owner)
    {
        Directory.CreateDirectory(DataFolder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (owner is not null)
            Native.ChangeOwner(DataFolder, owner);
    }

    public Task<int> RunAsync(ProcessSpec spec, CancellationToken cancellationToken) =>
        ChildProcess.RunAsync(spec, watchdog, Instance.Log.Write, cancellationToken);
}
