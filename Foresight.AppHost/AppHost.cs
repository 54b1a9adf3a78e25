using Foresight.AppHost;
using Foresight.AppHost.Drill;

const int MatchingNodes = 3;
var expectedNodes = $"matching={MatchingNodes},api=2";

if (args is ["drill", .. var drill])
    return await DrillVerb.RunAsync(drill);
if (!AppHostArguments.TryParse(args, out var options, out var mistake))
{
    Console.Error.WriteLine(mistake);
    return 2;
}

var builder = ForesightBuilder.Create(options);

// In run mode missing secrets are generated at the first start and kept, because data are protected by them; a deployment must supply them.
var adminKey = builder.AddKeptParameter("admin-key");
var clusterSecret = builder.AddKeptParameter("cluster-secret");
var operatorKey = builder.AddParameter("operator-key", secret: true);
var data = DataServers.Add(builder, options, builder.AddKeptParameter("postgres-password"));

// All other services wait for the contracts, schema and markets that it sets up. It gets the replicas too, because one of them may have
// been promoted to primary.
var setup = WithServers(builder.AddProject<Projects.Foresight_Matching>("setup", launchProfileName: null), data.Redis)
    .WithArgs("setup")
    .WithEnvironment("OPERATOR_KEY", operatorKey)
    .WithEnvironment("SHARDS", options.Shards.ToString())
    .WaitFor(data.RedisServer)
    .WaitFor(data.Database)
    .WaitFor(data.Chain);
foreach (var replica in data.Replicas)
    setup.WaitFor(replica);

var matching = WithServers(builder.AddProject<Projects.Foresight_Matching>("matching", launchProfileName: null), data.Redis)
    .WithReplicas(MatchingNodes)
    .WithHttpEndpoint()
    .WithHttpHealthCheck("/ready")
    .WithEnvironment("OPERATOR_KEY", operatorKey)
    .WithEnvironment("RECONCILIATION_MANUAL_BLOCKS", "1000")
    .WithEnvironment("SHARDS", options.Shards.ToString())
    .WaitForCompletion(setup);

var api1 = AddApi("api-1", options.ApiPort);
var api2 = AddApi("api-2", options.ApiPort + 1);

builder
    .AddProject<Projects.Foresight_Console>("console", launchProfileName: null)
    .WithPublicEndpoint(options.ConsolePort)
    .WithHttpHealthCheck("/ready")
    .WithReferences(api1, api2)
    .WithTraceLinks()
    .WaitFor(api1);

if (options.Simulator)
    builder
        .AddProject<Projects.Foresight_Simulator>("simulator", launchProfileName: null)
        .WithHttpEndpoint()
        .WithHttpHealthCheck("/ready")
        .WithReferences(api1, api2)
        .WithEnvironment("RPC_URL", data.Chain.GetEndpoint("http"))
        .WithEnvironment("FAUCET_KEY", builder.AddParameter("faucet-key", secret: true))
        .WaitFor(api1)
        .WaitFor(api2);

matching.WithDrill(data, options, [api1.GetEndpoint("http"), api2.GetEndpoint("http")]);
builder.AnnounceInTerminal(adminKey);
builder.Build().Run();
return 0;

IResourceBuilder<ProjectResource> AddApi(string name, int port) =>
    WithServers(builder.AddProject<Projects.Foresight_Api>(name, launchProfileName: null), data.RedisForApi)
        .WithPublicEndpoint(port)
        .WithHttpHealthCheck("/ready")
        .WithEnvironment("ADMIN_KEY", adminKey)
        .WithEnvironment("EXPECTED_NODES", expectedNodes)
        .WaitFor(matching);

IResourceBuilder<ProjectResource> WithServers(
    IResourceBuilder<ProjectResource> service,
    IResourceBuilder<IResourceWithConnectionString> redis
) =>
    service
        .WithReferenceEnvironment(ReferenceEnvironmentInjectionFlags.ConnectionString)
        .WithReference(redis, "redis")
        .WithReference(data.Database)
        .WithReplicas(data.Replicas)
        .WithEnvironment("RPC_URL", data.Chain.GetEndpoint("http"))
        .WithEnvironment("CLUSTER_SECRET", clusterSecret);
