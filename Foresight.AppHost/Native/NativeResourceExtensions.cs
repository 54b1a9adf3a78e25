using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Native;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

public static class NativeResourceExtensions
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };

    public static IResourceBuilder<ParameterResource> AddKeptParameter(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddParameter(name, new KeptParameterDefault(NativeState.Of(builder), name), secret: true);

    public static IResourceBuilder<NativePostgresResource> AddNativePostgres(
        this IDistributedApplicationBuilder builder,
        string name,
        IResourceBuilder<ParameterResource>? password = null
    )
    {
        password ??= builder.AddKeptParameter($"{name}-password");
        var postgres = new NativePostgresResource(name, NativeState.Of(builder), password.Resource);
        return builder.AddNativeServer(
            postgres,
            "tcp",
            Tool.Postgres,
            (program, logger, cancellationToken) => NativePostgres.PrepareAsync(postgres, program, logger, cancellationToken),
            async cancellationToken =>
                await NativePostgres.ProbeAsync(
                    await postgres.ConnectionStringExpression.GetValueAsync(cancellationToken),
                    cancellationToken
                )
        );
    }

    public static IResourceBuilder<NativePostgresDatabaseResource> AddDatabase(
        this IResourceBuilder<NativePostgresResource> postgres,
        string name
    )
    {
        var database = new NativePostgresDatabaseResource(name, postgres.Resource);
        postgres.OnResourceReady((_, _, cancellationToken) => NativePostgres.CreateDatabaseAsync(database, cancellationToken));
        postgres.WithChild(database);
        var check = $"{name}-answers";
        postgres
            .ApplicationBuilder.Services.AddHealthChecks()
            .AddAsyncCheck(
                check,
                cancellationToken =>
                    NativeServerExtensions.ProbeAsync(
                        async token =>
                            await NativePostgres.ProbeAsync(await database.ConnectionStringExpression.GetValueAsync(token), token),
                        cancellationToken
                    )
            );
        return postgres.ApplicationBuilder.AddResource(database).WithHealthCheck(check);
    }

    /// <param name="synchronous">
    /// If true, each commit of the primary waits until this standby has it on disk; null leaves the setting unchanged.
    /// </param>
    public static IResourceBuilder<NativePostgresReplicaResource> AddReplica(
        this IResourceBuilder<NativePostgresResource> primary,
        string name,
        bool? synchronous = null
    )
    {
        var builder = primary.ApplicationBuilder;
        var replica = new NativePostgresReplicaResource(name, NativeState.Of(builder), primary.Resource);
        return builder
            .AddNativeServer(
                replica,
                "tcp",
                Tool.Postgres,
                (_, logger, cancellationToken) => NativePostgresReplica.PrepareAsync(replica, logger, cancellationToken),
                async cancellationToken =>
                    await NativePostgres.ProbeAsync(
                        await replica.ConnectionStringExpression.GetValueAsync(cancellationToken),
                        cancellationToken
                    )
            )
            .WithEnvironment("HOST", NativeServerResource.Address)
            .WithEnvironment("PORT", replica.PrimaryEndpoint.Property(EndpointProperty.Port))
            .WithEnvironment("PGDATA", replica.DataFolder)
            .WithReplicaOf(primary.Resource.PrimaryEndpoint, primary.Resource.Password, synchronous)
            .WaitFor(primary);
    }

    public static IResourceBuilder<T> WithReplicaOf<T>(
        this IResourceBuilder<T> replica,
        EndpointReference primary,
        ParameterResource password,
        bool? synchronous
    )
        where T : IResourceWithEnvironment
    {
        replica
            .WithEnvironment("STANDBY_NAME", replica.Resource.Name)
            .WithEnvironment("PRIMARY_HOST", primary.Property(EndpointProperty.Host))
            .WithEnvironment("PRIMARY_PORT", primary.Property(EndpointProperty.Port))
            .WithEnvironment(context => context.EnvironmentVariables["PGPASSWORD"] = password);
        return synchronous is { } on ? replica.WithEnvironment("SYNC_STANDBY", on ? "on" : "off") : replica;
    }

    public static IResourceBuilder<NativeRedisResource> AddNativeRedis(this IDistributedApplicationBuilder builder, string name)
    {
        var redis = new NativeRedisResource(name, NativeState.Of(builder), builder.AddKeptParameter($"{name}-admin-password").Resource);
        return builder.AddNativeServer(
            redis,
            "tcp",
            Tool.Redis,
            (program, _, cancellationToken) => NativeRedis.PrepareAsync(redis, program, cancellationToken),
            cancellationToken => NativeRedis.ProbeAsync(redis, cancellationToken)
        );
    }

    public static IResourceBuilder<NativeRedisUserResource> AddUser(
        this IResourceBuilder<NativeRedisResource> redis,
        RedisRole role,
        string prefix
    )
    {
        var name = $"{redis.Resource.Name}-{role.Name}";
        var password = redis.ApplicationBuilder.AddKeptParameter($"{name}-password");
        var user = new NativeRedisUserResource(name, role, prefix, redis.Resource, password.Resource);
        redis.Resource.Users.Add(user);
        redis.WithChild(user);
        return redis.ApplicationBuilder.AddResource(user);
    }

    public static IResourceBuilder<NativeChainResource> AddNativeChain(this IDistributedApplicationBuilder builder, string name)
    {
        var chain = new NativeChainResource(name, NativeState.Of(builder));
        if (!chain.State.Ephemeral)
            builder.Services.AddSingleton<IHostedService>(services => ActivatorUtilities.CreateInstance<NativeChainSaver>(services, chain));
        return builder.AddNativeServer(
            chain,
            "http",
            Tool.Anvil,
            (program, _, _) => Task.FromResult(NativeChain.Prepare(chain, program)),
            cancellationToken => NativeChain.ProbeAsync(chain, Http, cancellationToken)
        );
    }

    /// <summary>The orchestrator marks a part of a server as running with its server for containers only.</summary>
    private static void WithChild<T>(this IResourceBuilder<T> server, IResource child)
        where T : NativeServerResource
    {
        server
            .OnBeforeResourceStarted((_, started, _) => PublishAsync(started.Services, KnownResourceStates.Starting))
            .OnResourceReady((_, ready, _) => PublishAsync(ready.Services, KnownResourceStates.Running))
            .OnResourceStopped((_, stopped, _) => PublishAsync(stopped.Services, KnownResourceStates.Exited));

        Task PublishAsync(IServiceProvider services, string state) =>
            services
                .GetRequiredService<ResourceNotificationService>()
                .PublishUpdateAsync(child, snapshot => snapshot with { State = state });
    }
}
