using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Tests.Hosting;

public sealed class ServiceDiscoveryTests
{
    [Theory]
    [InlineData("http://greeter/")]
    [InlineData("https+http://greeter/")]
    public async Task AServicesName_LeadsToItsAddress(string address)
    {
        await using var service = Builder().Build();
        service.MapGet("/", (HttpRequest request) => $"hello from {request.Method}");
        await service.StartAsync();

        var builder = Builder(new("services:greeter:http:0", service.Urls.Single()), new("NODE_ID", "caller"));
        builder.AddServiceDefaults();
        await using var caller = builder.Build();
        using var http = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        Assert.Equal("hello from GET", await http.GetStringAsync(address));
    }

    private static WebApplicationBuilder Builder(params KeyValuePair<string, string?>[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(settings);
        return builder;
    }
}
