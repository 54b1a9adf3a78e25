using Foresight.Simulator;

// Reads settings beside the program, whatever the working directory is.
var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

builder.AddServiceDefaults();
builder.AddSimulator();

var app = builder.Build();
app.MapDefaultEndpoints();
app.Run();
