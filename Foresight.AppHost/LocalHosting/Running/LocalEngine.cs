using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;

namespace Foresight.AppHost.LocalHosting;

/// <summary>Runs a model as native processes of this machine.</summary>
internal sealed class LocalEngine : IAsyncDisposable
{
    private static readonly TimeSpan StopAllBound = TimeSpan.FromSeconds(45);

    private readonly IReadOnlyList<IResource> _inStartOrder;
    private readonly Func<StateFolder> _openState;
    private readonly EngineOptions _options;
    private readonly string _environmentName;
    private readonly List<Supervisor> _supervisors = [];
    private readonly PortReservations _ports = new(ProgramCache.OfThisUser());
    private readonly IServiceProvider _services;
    private Watchdog? _watchdog;
    private StateFolder? _state;

    public LocalEngine(
        IEnumerable<IResource> resources, Func<StateFolder> openState, EngineOptions options, string environmentName,
        IServiceProvider services)
    {
        _inStartOrder = Dependencies.InStartOrder(resources);
        _openState = openState;
        _options = options;
        _environmentName = environmentName;
        _services = services;
        Notifications.ExplainFailure = name => FailureExplanation.Of(name, Instances);
    }

    public ResourceNotificationService Notifications { get; } = new();

    public IReadOnlyList<ResourceInstance> Instances { get; private set; } = [];

    /// <summary>Sentences about the run as a whole: a port that was taken, a program being installed.</summary>
    public event Action<string>? Said;

    /// <summary>Replica id and line.</summary>
    public event Action<string, string>? Output;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
            throw new DistributedApplicationException(
                "The local engine runs on Linux; elsewhere run with UseAspire=true and a container engine.");
        foreach (var tool in new[] { "setsid", "setpriv" })
            if (!File.Exists($"/usr/bin/{tool}") && !File.Exists($"/bin/{tool}"))
                throw new DistributedApplicationException($"{tool} is missing: install the package util-linux.");

        _state = _openState();
        AllotPorts();
        _watchdog = await Watchdog.StartAsync(_state.Ephemeral ? _state.Path : null);
        var programs = new ProgramFinder(line => Said?.Invoke(line));
        var tools = _inStartOrder.SelectMany(LaunchPlans.ToolsFor).Distinct().ToList();
        var parts = new EngineParts(
            _state, _watchdog, _ports, programs, programs.InstallAll(tools, CancellationToken.None), Notifications, _environmentName);
        foreach (var resource in _inStartOrder)
            for (var replica = 0; replica < ReplicasOf(resource); replica++)
                _supervisors.Add(new Supervisor(InstanceOf(resource, replica), parts));
        Instances = [.. _supervisors.Select(s => s.Instance)];

        foreach (var supervisor in _supervisors)
            supervisor.Instance.Change(KnownResourceStates.NotStarted);
        foreach (var supervisor in _supervisors)
            if (!supervisor.Instance.Resource.Annotations.OfType<ExplicitStartupAnnotation>().Any())
                await supervisor.StartAsync();
    }

    /// <summary>Whoever uses another stops before it; what takes too long is killed.</summary>
    public async Task StopAsync()
    {
        var stops = new Dictionary<IResource, Task>();
        foreach (var resource in _inStartOrder.Reverse())
        {
            var users = _inStartOrder.Where(r => Dependencies.Of(r).Contains(resource)).ToList();
            // Users that come earlier in start order only refer to it and do not wait for it; they need not be waited for here.
            var before = users.Where(stops.ContainsKey).Select(u => stops[u]).ToArray();
            stops[resource] = StopAfterAsync(resource, Task.WhenAll(before));
        }
        var all = Task.WhenAll(stops.Values);
        if (await Task.WhenAny(all, Task.Delay(StopAllBound)) != all)
            KillAll();
        await all;
    }

    public void KillAll()
    {
        foreach (var supervisor in _supervisors)
            supervisor.KillNow();
    }

    public async Task<ExecuteCommandResult> ExecuteAsync(string resourceId, string command, CancellationToken cancellationToken)
    {
        var targets = _supervisors.Where(s => IsNamed(s.Instance, resourceId)).ToList();
        if (targets.Count == 0)
            return CommandResults.Failure($"There is no resource '{resourceId}'.");
        var results = await Task.WhenAll(targets.Select(t => ExecuteAsync(t, command, cancellationToken)));
        return Array.Find(results, r => !r.Success) ?? results[0];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        foreach (var supervisor in _supervisors)
        {
            supervisor.Dispose();
            supervisor.Instance.Log.Dispose();
        }
        _ports.Dispose();
        _state?.Dispose();
        // Last: it removes the folder of an ephemeral run.
        if (_watchdog is not null)
            await _watchdog.DisposeAsync();
    }

    private async Task<ExecuteCommandResult> ExecuteAsync(Supervisor target, string command, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case "start" or "resource-start":
                return await target.StartAsync();
            case "stop" or "resource-stop":
                return await target.StopAsync();
            case "restart" or "resource-restart":
                return await target.RestartAsync();
            case "kill":
                return await target.KillAsync();
        }
        var declared = target.Instance.Resource.Annotations.OfType<ResourceCommandAnnotation>().FirstOrDefault(c => c.Name == command);
        if (declared is null)
            return CommandResults.Failure($"{target.Instance.Id} has no command '{command}'.");
        return await declared.ExecuteCommand(new ExecuteCommandContext
        {
            ServiceProvider = _services,
            ResourceName = target.Instance.Id,
            CancellationToken = cancellationToken,
            Logger = new CommandLogger(sentence => Said?.Invoke(sentence)),
        });
    }

    private async Task StopAfterAsync(IResource resource, Task before)
    {
        await before;
        await Task.WhenAll(_supervisors.Where(s => s.Instance.Resource == resource).Select(s => s.StopAsync(forGood: true)));
    }

    private ResourceInstance InstanceOf(IResource resource, int replica)
    {
        var replicas = ReplicasOf(resource);
        var id = replicas == 1 ? resource.Name : $"{resource.Name}-{replica + 1}";
        var log = new ResourceLog(_state!.LogOf(id), line => Output?.Invoke(id, line));
        return new ResourceInstance(resource, replica, replicas, log, Notifications);
    }

    private void AllotPorts()
    {
        var endpoints =
            _inStartOrder.SelectMany(r => r.Annotations.OfType<EndpointAnnotation>().Select(e => (Resource: r, Endpoint: e))).ToList();
        var askedFor = endpoints.Select(e => e.Endpoint.Port).OfType<int>().ToHashSet();
        // Those with wishes first, so that none of them finds its port given to somebody without.
        foreach (var (resource, endpoint) in endpoints.OrderBy(e => e.Endpoint.Port is null))
        {
            endpoint.Allocated.Clear();
            for (var replica = 0; replica < ReplicasOf(resource); replica++)
                endpoint.Allocated.Add(
                    new AllocatedEndpoint(IPAddress.Loopback.ToString(), PortFor(resource, endpoint, replica, askedFor)));
        }
    }

    private int PortFor(IResource resource, EndpointAnnotation endpoint, int replica, IReadOnlySet<int> askedFor)
    {
        if (endpoint.Port is not { } wanted || _options.RandomizePorts)
            return _ports.ReserveAny();
        var given = _ports.ReserveFrom(wanted + replica, askedFor);
        if (given != wanted + replica)
            Said?.Invoke($"Port {wanted + replica} is taken: {resource.Name} is on {given}");
        return given;
    }

    private static int ReplicasOf(IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    private static bool IsNamed(ResourceInstance instance, string name) =>
        string.Equals(instance.Id, name, StringComparison.OrdinalIgnoreCase)
        || string.Equals(instance.Resource.Name, name, StringComparison.OrdinalIgnoreCase);
}
