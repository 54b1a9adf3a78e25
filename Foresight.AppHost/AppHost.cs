using Foresight.AppHost;
using Foresight.AppHost.Drill;

if (!AppHostArguments.TryParse(args, out var options, out var mistake))
{
    Console.Error.WriteLine(mistake);
    Environment.ExitCode = 2;
    return;
}

var builder = DistributedApplication.CreateBuilder(args);

// Secrets. Here, those that are not configured are generated at the first start and kept; the admin key is shown in the table.
var adminKey = builder.AddParameter("admin-key", secret: true);
var clusterSecret = builder.AddParameter("cluster-secret", secret: true);
var postgresPassword = builder.AddParameter("postgres-password", secret: true);
var operatorKey = builder.AddParameter("operator-key", secret: true);

// Data. No volumes: the journal and the chain it settled on are kept together, or neither is.
var redis = builder.AddRedis("redis");
var postgres = builder.AddPostgres("postgres", password: postgresPassword);
var database = postgres.AddDatabase("foresight");

var replica = builder.AddContainer("postgres-replica", "postgres", AppHostImages.PostgresTag)
    .WithArgs("bash", "-c", File.ReadAllText(Path.Combine(builder.AppHostDirectory, "postgres-replica.sh")))
    .WithEndpoint(targetPort: 5432, name: "tcp")
    .WithEnvironment("PRIMARY_URL", postgres.GetEndpoint("tcp"))
    .WithEnvironment("PGPASSWORD", postgresPassword)
    .WithEnvironment("SYNC_STANDBY", options.SyncStandby ? "on" : "off")
    .WaitFor(postgres);

// The chain forgets transactions after 2,000 blocks, or its memory would grow by some 100 KB with each settlement.
var chain = builder.AddContainer("chain", "ghcr.io/foundry-rs/foundry", AppHostImages.FoundryTag)
    .WithArgs(ChainCommand.Anvil + " --block-time 1 --transaction-block-keeper 2000 ${STATE_FILE:+--load-state $STATE_FILE}")
    .WithHttpEndpoint(targetPort: 8545, name: "http");

// Contracts, schema and markets, once; everything else waits for it. It knows the replica because that may be the primary by now.
var setup = builder.AddProject<Projects.Foresight_Matching>("setup")
    .WithArgs("setup")
    .WithReference(redis).WithReference(database)
    .WithEnvironment("RPC_URL", chain.GetEndpoint("http"))
    .WithEnvironment("OPERATOR_KEY", operatorKey)
    .WithEnvironment("CLUSTER_SECRET", clusterSecret)
    .WithEnvironment("SHARDS", options.Shards.ToString())
    .WithEnvironment("DATABASE_REPLICA_1_URL", replica.GetEndpoint("tcp"))
    .WaitFor(redis).WaitFor(database).WaitFor(replica).WaitFor(chain);

var matching = builder.AddProject<Projects.Foresight_Matching>("matching")
    .WithReplicas(3)
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/ready")
    .WithReference(redis).WithReference(database)
    .WithEnvironment("RPC_URL", chain.GetEndpoint("http"))
    .WithEnvironment("DATABASE_REPLICA_1_URL", replica.GetEndpoint("tcp"))
    .WithEnvironment("OPERATOR_KEY", operatorKey)
    .WithEnvironment("CLUSTER_SECRET", clusterSecret)
    .WithEnvironment("ADMIN_KEY", adminKey)
    .WithEnvironment("RECONCILIATION_MANUAL_BLOCKS", "1000")
    .WithEnvironment("SHARDS", options.Shards.ToString())
    .WaitFor(replica)
    .WaitForCompletion(setup);

// Under --drill nodes can be cut off, and a checker follows the journal: it ends at the first thing that must not be.
DrillNetwork? network = null;
if (options.Drill)
{
    network = new DrillNetwork();
    matching
        .WithEnvironment(network.Before("redis", redis.GetEndpoint("tcp"), "ConnectionStrings__redis"))
        .WithEnvironment(network.Before("postgres", postgres.GetEndpoint("tcp"), "ConnectionStrings__foresight"))
        .WithEnvironment(network.Before("postgres", replica.GetEndpoint("tcp"), "DATABASE_REPLICA_1_URL"));
    builder.AddProject<Projects.Foresight_Matching>("checker")
        .WithArgs("check", "--follow")
        .WithReference(database)
        .WithEnvironment("DATABASE_REPLICA_1_URL", replica.GetEndpoint("tcp"))
        .WaitForCompletion(setup);
}

var api1 = AddApi("api-1", options.ApiPort);
var api2 = AddApi("api-2", options.ApiPort + 1);

builder.AddProject<Projects.Foresight_Console>("console")
    .WithHttpEndpoint(port: options.ConsolePort)
    .WithExternalHttpEndpoints()
    .WithUrlForEndpoint("http", url => url.DisplayText = "Console")
    .WithHttpHealthCheck("/ready")
    .WithReference(api1).WithReference(api2)
    .WaitFor(api1);

if (options.Simulator)
    builder.AddProject<Projects.Foresight_Simulator>("simulator")
        .WithHttpEndpoint()
        .WithHttpHealthCheck("/ready")
        .WithReference(api1).WithReference(api2)
        .WithEnvironment("RPC_URL", chain.GetEndpoint("http"))
        .WaitFor(api1).WaitFor(api2);

// The drill: what operators fear, to be typed into the terminal, or pressed in Aspire's dashboard.
var cluster = new ClusterView([api1.GetEndpoint("http"), api2.GetEndpoint("http")]);
var leader = new LeaderDrill(cluster, network, builder.Configuration["Drill:Seconds"]);
var servers = new ServerDrill(cluster, "redis", postgres, replica.GetEndpoint("tcp"), postgresPassword);
matching
    .WithCommand("kill-leader", "kill leader", leader.KillAsync, DrillCommand.Of("kill -9 of the node that leads"))
    .WithCommand(
        "pause-leader", "pause leader", leader.PauseAsync, DrillCommand.Of("SIGSTOP of the node that leads, for three times its lease"))
    .WithCommand(
        "partition-leader", "partition leader", leader.PartitionFrom("redis", "postgres"),
        DrillCommand.Of("cuts it off from Redis and Postgres"))
    .WithCommand(
        "partition-redis", "partition leader from redis", leader.PartitionFrom("redis"), DrillCommand.Of("cuts it off from Redis alone"))
    .WithCommand(
        "partition-postgres", "partition leader from postgres", leader.PartitionFrom("postgres"),
        DrillCommand.Of("cuts it off from Postgres alone"));
replica.WithCommand(
    "promote", "promote replica", servers.PromoteAsync, DrillCommand.Of("fences the primary and makes the replica one; not to be undone"));
redis
    .WithCommand("down", "redis down", servers.RedisDownAsync, DrillCommand.Of("stops Redis"))
    .WithCommand("up", "redis up", servers.RedisUpAsync, DrillCommand.Of("starts Redis, empty"));

builder.Build().Run();

IResourceBuilder<ProjectResource> AddApi(string name, int port) => builder.AddProject<Projects.Foresight_Api>(name)
    .WithHttpEndpoint(port: port)
    .WithExternalHttpEndpoints()
    .WithHttpHealthCheck("/ready")
    .WithReference(redis).WithReference(database)
    .WithEnvironment("RPC_URL", chain.GetEndpoint("http"))
    .WithEnvironment("DATABASE_REPLICA_1_URL", replica.GetEndpoint("tcp"))
    .WithEnvironment("CLUSTER_SECRET", clusterSecret)
    .WithEnvironment("ADMIN_KEY", adminKey)
    .WaitFor(matching);
