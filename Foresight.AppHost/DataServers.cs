using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;

namespace Foresight.AppHost;

internal sealed record DataServers(
    IResourceBuilder<IResourceWithEndpoints> RedisServer,
    IResourceBuilder<IResourceWithConnectionString> Redis,
    IResourceBuilder<IResourceWithConnectionString> RedisForApi,
    IResourceBuilder<IResourceWithEndpoints> Postgres,
    IResourceBuilder<IResourceWithConnectionString> Database
)
{
    /// <summary>Must equal the nodes' default of REDIS_KEY_PREFIX, because the users' rights are given by it.</summary>
    private const string KeyPrefix = "foresight:";

    public required IReadOnlyList<IResourceBuilder<IResourceWithEndpoints>> Replicas { get; init; }

    public required IResourceBuilder<IResourceWithEndpoints> Chain { get; init; }

    public static DataServers Add(
        IDistributedApplicationBuilder builder,
        AppHostArguments options,
        IResourceBuilder<ParameterResource> password
    ) =>
        builder.ExecutionContext.IsPublishMode || (options.Containers && ContainerEngineIsHealthy())
            ? AddContainers(builder, options, password)
            : AddPrograms(builder, options, password);

    private static DataServers AddPrograms(
        IDistributedApplicationBuilder builder,
        AppHostArguments options,
        IResourceBuilder<ParameterResource> password
    )
    {
        var redis = builder.AddNativeRedis("redis");
        var postgres = builder.AddNativePostgres("postgres", password);
        return new DataServers(
            redis,
            redis.AddUser(RedisRoles.Matching, KeyPrefix),
            redis.AddUser(RedisRoles.Api, KeyPrefix),
            postgres,
            postgres.AddDatabase("foresight")
        )
        {
            Replicas = [.. ReplicaNames(options).Select((name, at) => postgres.AddReplica(name, at == 0 ? options.SyncStandby : null))],
            Chain = builder.AddNativeChain("chain").WithArgs(ChainCommand.Development),
        };
    }

    // No volumes: the journal and the chain that it settled on must survive together or not at all.
    private static DataServers AddContainers(
        IDistributedApplicationBuilder builder,
        AppHostArguments options,
        IResourceBuilder<ParameterResource> password
    )
    {
        var redis = builder.AddContainerRedis("redis");
        var postgres = builder.AddPostgres("postgres", password: password).WithImageTag(AppHostImages.PostgresTag);
        return new DataServers(
            redis,
            redis.AddUser(RedisRoles.Matching, KeyPrefix),
            redis.AddUser(RedisRoles.Api, KeyPrefix),
            postgres,
            postgres.AddDatabase("foresight")
        )
        {
            Replicas =
            [
                .. ReplicaNames(options)
                    .Select(
                        (name, at) =>
                            builder
                                .AddContainer(name, "postgres", AppHostImages.PostgresTag)
                                .WithArgs("bash", "-c", PostgresReplicaScript.Text)
                                .WithEndpoint(targetPort: 5432, name: "tcp")
                                .WithReplicaOf(postgres.Resource.PrimaryEndpoint, password.Resource, at == 0 ? options.SyncStandby : null)
                                .WaitFor(postgres)
                    ),
            ],
            Chain = builder
                .AddContainer("chain", "ghcr.io/foundry-rs/foundry", AppHostImages.FoundryTag)
                .WithEntrypoint("anvil")
                .WithArgs(["--host", "0.0.0.0", .. ChainCommand.Development])
                .WithHttpEndpoint(targetPort: 8545, name: "http"),
        };
    }

    private static IEnumerable<string> ReplicaNames(AppHostArguments options) =>
        Enumerable.Range(1, options.Replicas).Select(number => number == 1 ? "postgres-replica" : $"postgres-replica-{number}");

    /// <summary>
    /// Many machines have a Docker client without an engine, and one container resource would then block the whole start.
    /// </summary>
    private static bool ContainerEngineIsHealthy()
    {
        foreach (var client in (string[])["docker", "podman"])
        {
            try
            {
                using var process = Process.Start(
                    new ProcessStartInfo(client, ["ps", "--quiet"]) { RedirectStandardOutput = true, RedirectStandardError = true }
                )!;
                if (!process.WaitForExit(TimeSpan.FromSeconds(10)))
                    process.Kill();
                else if (process.ExitCode == 0)
                    return true;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Expected where Docker is not installed.
            }
        }

        Console.Error.WriteLine("--containers: no container engine answers, so the servers run as programs of this machine.");
        return false;
    }
}
