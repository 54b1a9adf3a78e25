using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Foresight.AppHost.Drill;

internal static class DrillExtensions
{
    public static void WithDrill(
        this IResourceBuilder<ProjectResource> matching,
        DataServers data,
        AppHostArguments options,
        IReadOnlyList<EndpointReference> apis
    )
    {
        var builder = matching.ApplicationBuilder;
        if (builder.ExecutionContext.IsPublishMode)
            return;
        var network = options.Drill ? AddNetwork(matching, data) : null;
        var cluster = new ClusterView(apis);
        var leader = new LeaderDrill(cluster, network, builder.Configuration["Drill:Seconds"]);
        var servers = new ServerDrill(cluster, data);
        var commands = new DrillCommands();
        commands.Add(matching, "kill-leader", "kill -9 of the node that leads", leader.KillAsync);
        commands.Add(matching, "pause-leader", "SIGSTOP of the node that leads, for three times its lease", leader.PauseAsync);
        commands.Add(matching, "partition-leader", "cuts it off from Redis and Postgres", leader.PartitionFrom("redis", "postgres"));
        commands.Add(matching, "partition-redis", "cuts it off from Redis alone; it goes on leading", leader.PartitionFromRedisAsync);
        commands.Add(matching, "partition-postgres", "cuts it off from Postgres alone", leader.PartitionFrom("postgres"));
        commands.Add(
            data.Replicas[0],
            "promote-replica",
            "fences the primary and makes the replica one; not to be undone",
            servers.PromoteAsync
        );
        commands.Add(data.RedisServer, "redis-down", "stops Redis", servers.RedisDownAsync);
        commands.Add(data.RedisServer, "redis-up", "starts Redis, empty", servers.RedisUpAsync);
        builder.Services.AddSingleton(commands);
        builder.Services.AddHostedService<DrillServer>();
    }

    private static DrillNetwork AddNetwork(IResourceBuilder<ProjectResource> matching, DataServers data)
    {
        var network = new DrillNetwork();
        matching
            .WithEnvironment(network.Before("redis", data.RedisServer.GetEndpoint("tcp"), "ConnectionStrings__redis"))
            .WithEnvironment(network.Before("postgres", data.Postgres.GetEndpoint("tcp"), "ConnectionStrings__foresight"));
        var checker = matching
            .ApplicationBuilder.AddProject<Projects.Foresight_Matching>("checker", launchProfileName: null)
            .WithArgs("check", "--follow")
            .WithReference(data.Database)
            .WithReplicas(data.Replicas);
        for (var number = 1; number <= data.Replicas.Count; number++)
            matching.WithEnvironment(
                network.Before("postgres", data.Replicas[number - 1].GetEndpoint("tcp"), $"DATABASE_REPLICA_{number}_URL")
            );
        foreach (var wait in matching.Resource.Annotations.OfType<WaitAnnotation>().ToList())
            checker.Resource.Annotations.Add(wait);
        return network;
    }
}

internal sealed class DrillCommands
{
    private readonly Dictionary<string, (string Description, Func<ExecuteCommandContext, Task<ExecuteCommandResult>> Execute)> _byName = [];

    public string Usage => string.Join('\n', _byName.Select(command => $"  {command.Key.PadRight(20)} {command.Value.Description}"));

    public void Add<T>(
        IResourceBuilder<T> resource,
        string name,
        string description,
        Func<ExecuteCommandContext, Task<ExecuteCommandResult>> execute
    )
        where T : IResource
    {
        resource.WithCommand(name, name.Replace('-', ' '), execute, new CommandOptions { Description = description, IconName = "Flash" });
        _byName.Add(name, (description, execute));
    }

    public Func<ExecuteCommandContext, Task<ExecuteCommandResult>>? Find(string name) => _byName.GetValueOrDefault(name).Execute;
}
