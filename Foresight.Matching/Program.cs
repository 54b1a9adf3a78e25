using Foresight.Matching.Door;
using Foresight.Matching.Pipeline;
using Foresight.Matching.Replay;

if (args is ["replay", .. var replayArguments]) return await ReplayVerb.RunAsync(replayArguments);

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRedisClient();
builder.AddPostgres(useReplicas: false);
builder.AddClusterNode("matching", initialState: "follower");
builder.AddLeaderRouter();
builder.AddDoorListener();
builder.AddPipeline();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapDoor();
app.AnnounceDoor();
app.Run();
return 0;
