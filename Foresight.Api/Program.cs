var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddPostgres();

var app = builder.Build();
app.MapDefaultEndpoints();
await app.RunAsync();
