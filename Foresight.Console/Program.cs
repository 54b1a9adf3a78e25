using Foresight.Console.Access;
using Foresight.Console.Api;
using Foresight.Console.Live;
using Foresight.Console.MarketData;
using Foresight.Console.Reconciliation;
using Foresight.Console.Shell;

// Content root beside the program, not in the working directory, so that static assets are found.
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
app.MapReconciliation();
app.MapShell();

app.Run();
