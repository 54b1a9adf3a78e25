using Foresight.Console.Access;
using Foresight.Console.Api;
using Foresight.Console.Lists;
using Foresight.Console.Live;
using Foresight.Console.MarketData;
using Foresight.Console.Shell;

// The content root is beside the program, so that static assets are found from any working directory.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
builder.WebHost.UseStaticWebAssets();

builder.AddServiceDefaults();
builder.AddApiClient();
builder.AddMarketData();
builder.AddLive();
builder.AddAccess();
builder.AddShell();

var app = builder.Build();

app.UseShell();
app.UseAccess();

app.MapDefaultEndpoints();
app.MapAccess();
app.MapExports();
app.MapShell();

app.Run();
