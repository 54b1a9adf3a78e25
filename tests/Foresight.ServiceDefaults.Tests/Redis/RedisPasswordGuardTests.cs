using System.Net;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Redis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Foresight.ServiceDefaults.Tests.Redis;

/// <summary>The server is real; its default user is changed while it runs, and turned off again at the end.</summary>
[Collection(ServersCollection.Name)]
[Trait("Category", "Trust")]
public sealed class RedisPasswordGuardTests(Servers servers) : IAsyncLifetime
{
    private const string Role = "guarded";
    private readonly ConfigurationOptions _server = ConfigurationOptions.Parse(servers.Redis);
    private ConnectionMultiplexer _administrator = null!;

    public async Task InitializeAsync()
    {
        _administrator = await ConnectionMultiplexer.ConnectAsync(_server);
        await AclAsync("SETUSER", Role, "on", ">secret", "~*", "&*", "+@all");
    }

    public async Task DisposeAsync()
    {
        await CloseAsync();
        await AclAsync("DELUSER", Role);
        await _administrator.DisposeAsync();
    }

    [Theory]
    [InlineData("default", "secret")]
    [InlineData(Role, "secret")]
    public async Task AServerThatNeedsNoPassword_IsRefused_OutsideDevelopmentOnly(string user, string password)
    {
        await OpenAsync();
        await using var production = Application(user, password, Environments.Production);
        var refusal = await Assert.ThrowsAsync<SettingException>(() => production.StartAsync());
        Assert.Contains("needs no password", refusal.Message, StringComparison.Ordinal);

        await using var development = Application(user, password, Environments.Development);
        await development.StartAsync();
    }

    [Theory]
    [InlineData("+ping")]
    [InlineData("off")]
    public async Task ADefaultUserThatMayDoNothing_IsNoOpenServer(string rights)
    {
        await AclAsync("SETUSER", "default", "nopass", "-@all", rights);
        await using var node = Application(Role, "secret", Environments.Production);
        await node.StartAsync();
        await BecomesReadyAsync(node);
    }

    /// <summary>Nothing that a server does may stop a running node, so that is reported and no more.</summary>
    [Fact]
    public async Task AServerThatNeedsNoPasswordAnyMore_DegradesARunningNode_WhichStaysReady_UntilItNeedsOneAgain()
    {
        await using var node = Application(Role, "secret", Environments.Production);
        await node.StartAsync();
        await OpenAsync();
        await ShowsAsync(node, "degraded");
        await BecomesReadyAsync(node);
        // Nothing else that the server answers shows that it needs one.
        await _administrator.GetDatabase().ListLeftPushAsync(RedisSettings.DefaultKeyPrefix, "x");
        await ShowsAsync(node, "degraded");
        await _administrator.GetDatabase().KeyDeleteAsync(RedisSettings.DefaultKeyPrefix);
        await CloseAsync();
        await ShowsAsync(node, "healthy");
    }

    private Task OpenAsync() => AclAsync("SETUSER", "default", "on", "nopass", "~*", "&*", "+@all");

    private Task CloseAsync() => AclAsync("SETUSER", "default", "reset");

    private Task AclAsync(params string[] words) => _administrator.GetServers()[0].ExecuteAsync("ACL", words);

    private WebApplication Application(string user, string password, string environment)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        var server = new ConfigurationOptions
        {
            EndPoints = { _server.EndPoints[0] },
            User = user,
            Password = password,
        };
        builder.Configuration["ConnectionStrings:redis"] = server.ToString(includePassword: true);
        builder.Configuration["CLUSTER_SECRET"] = TestStores.ClusterSecret;
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["NODE_ID"] = "guarded";
        builder.Logging.ClearProviders();
        builder.AddServiceDefaults();
        builder.AddRedis();
        var application = builder.Build();
        application.MapDefaultEndpoints();
        return application;
    }

    private static async Task ShowsAsync(WebApplication node, string status)
    {
        await node.Services.GetRequiredService<RedisPasswordGuard>().CheckAsync();
        var report = await node.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(check => check.Name == "redis-password");
        Assert.Equal(status, report.Status.ToString().ToLowerInvariant());
    }

    /// <summary>Not at once: the node's own connection to Redis may take longer than its start.</summary>
    private static async Task BecomesReadyAsync(WebApplication node)
    {
        using var client = new HttpClient();
        await Eventually.TrueAsync(
            "the node is ready",
            Eventually.Patience,
            async () =>
            {
                using var answer = await client.GetAsync(new Uri($"{node.Urls.Single()}/ready"));
                return answer.StatusCode == HttpStatusCode.OK;
            }
        );
    }
}
