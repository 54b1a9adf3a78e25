using Foresight.Matching.Gateway;
using Foresight.Matching.Invariants;
using Foresight.Matching.Loop;
using Foresight.Matching.Reconciliation;
using Foresight.Matching.Recovery;
using Foresight.Matching.SettlementTerm;
using Foresight.Matching.Setup;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;

if (args is ["replay", .. var replayArguments])
    return await ReplayVerb.RunAsync(replayArguments);
if (args is ["state", .. var stateArguments])
    return await StateVerb.RunAsync(stateArguments);
if (args is ["check", .. var checkArguments])
    return await CheckVerb.RunAsync(checkArguments);
if (args is ["setup", .. var setupArguments])
    return await SetupVerb.RunAsync(setupArguments);

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedis(neededToBeReady: builder.Configuration.ClusterEnabled());
builder.AddPostgres(useReplicas: false);
builder.AddClusterNode(NodeKinds.Matching, initialState: "follower");
builder.AddLeaderRouter();
builder.AddGatewayListener();
builder.AddMatching();
builder.Services.AddHostedService<GatewayWarmup>();
builder.AddSettlement();
builder.AddReconciliation();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapCommandGateway();
app.AnnounceGateway();
app.Run();
return Environment.ExitCode;
