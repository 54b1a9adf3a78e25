using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.LocalHosting;

/// <summary>What all supervisors share.</summary>
internal sealed class EngineParts(
    StateFolder state,
    Watchdog watchdog,
    PortReservations ports,
    ProgramFinder programs,
    IReadOnlyDictionary<Tool, Task> installing,
    ResourceNotificationService notifications,
    string environmentName)
{
    public ResourceNotificationService Notifications { get; } = notifications;

    /// <summary>False in a throw-away run.</summary>
    public bool KeepsState => !state.Ephemeral;

    public Task<ChildProcess> StartProcessAsync(ProcessSpec spec, Action<string> output) => ChildProcess.StartAsync(spec, watchdog, output);

    public void ReleasePorts(ResourceInstance instance)
    {
        lock (ports)
            foreach (var endpoint in instance.Resource.Annotations.OfType<EndpointAnnotation>())
                ports.Release(endpoint.Allocated[instance.Replica].Port);
    }

    public async Task<LaunchPlan> PlanAsync(ResourceInstance instance, CancellationToken cancellationToken)
    {
        foreach (var tool in LaunchPlans.ToolsFor(instance.Resource).Where(t => programs.Find(t) is null))
        {
            instance.Change(KnownResourceStates.Starting, reason: "installing its program");
            await installing[tool].WaitAsync(cancellationToken);
        }
        var environment = await EnvironmentOfAsync(instance, cancellationToken);
        var arguments = await ArgumentsOfAsync(instance, cancellationToken);
        var context = new LaunchContext(instance, state, programs, watchdog, environmentName, environment, arguments);
        return await LaunchPlans.MakeAsync(context, cancellationToken);
    }

    private static async Task<Dictionary<string, string>> EnvironmentOfAsync(ResourceInstance instance, CancellationToken cancellationToken)
    {
        var decided = new EnvironmentCallbackContext(new Dictionary<string, object>(StringComparer.Ordinal), cancellationToken);
        foreach (var annotation in instance.Resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
            annotation.Callback(decided);
        var environment = InheritedEnvironment.Read();
        foreach (var (name, value) in decided.EnvironmentVariables)
            environment[name] = await ResolveAsync(value, cancellationToken);
        return environment;
    }

    private static async Task<IReadOnlyList<string>> ArgumentsOfAsync(ResourceInstance instance, CancellationToken cancellationToken)
    {
        var declared = new List<object>();
        foreach (var annotation in instance.Resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
            annotation.Callback(declared);
        var arguments = new List<string>();
        foreach (var value in declared)
            arguments.Add(await ResolveAsync(value, cancellationToken));
        return arguments;
    }

    private static async ValueTask<string> ResolveAsync(object value, CancellationToken cancellationToken) => value switch
    {
        IValueProvider provider => await provider.GetValueAsync(cancellationToken) ?? string.Empty,
        IResourceBuilder<ParameterResource> parameter => await parameter.Resource.GetRequiredValueAsync(cancellationToken),
        _ => value.ToString() ?? string.Empty,
    };
}
