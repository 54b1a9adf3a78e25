using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace Foresight.AppHost.Tests;

/// <summary>The AppHost as a user starts it, and what is there after its end, in order or by kill -9.</summary>
[Collection(ServersCollection.Name), Trait("Category", "Parts")]
public sealed class NoProcessIsLeftBehindTests
{
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan EndBound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task TwoAppHosts_DoNotMeet_AndNeitherLeavesAProcess()
    {
        using var first = new AppHostProcess("--ephemeral", "--no-simulator");
        using var second = new AppHostProcess("--ephemeral", "--no-simulator");
        await first.HealthyAsync(StartBound);
        await second.HealthyAsync(StartBound);
        var (nodes, others) = (await NodesAsync(first), await NodesAsync(second));
        // Three matching and two Api nodes each, and none in both.
        Assert.Equal((5, 5), (nodes.Count, others.Count));
        Assert.Empty(nodes.Intersect(others));

        Assert.Contains("kill-leader", await second.DrillAsync("help"));
        var before = await LeaderEpochAsync(second);
        Assert.Contains("leads in epoch", await second.DrillAsync("kill-leader"));
        Assert.True(await LeaderEpochAsync(second) > before);

        first.KillNine();
        await Eventually.TrueAsync("no process of the killed one is left", EndBound, () => first.Processes().Count == 0);
        await Eventually.TrueAsync("nor its state", EndBound, () => first.StateFolders.Length == 0);
        Assert.Equal(HttpStatusCode.OK, await ReadyAsync(second));

        second.Interrupt();
        await second.EndedAsync().WaitAsync(EndBound);
        await Eventually.TrueAsync("no process of the interrupted one is left", EndBound, () => second.Processes().Count == 0);
        await Eventually.TrueAsync("nor its state", EndBound, () => second.StateFolders.Length == 0);
    }

    [Fact]
    public async Task AfterAKill_ASecondStartOnTheSameState_WorksAtOnce()
    {
        using var folder = new AppHostProcess("--no-simulator");
        await folder.HealthyAsync(StartBound);
        folder.KillNine();
        await folder.EndedAsync();
        folder.StartAgain();
        await folder.HealthyAsync(StartBound);
        folder.Interrupt();
        await folder.EndedAsync().WaitAsync(EndBound);
        await Eventually.TrueAsync("no process is left", EndBound, () => folder.Processes().Count == 0);
    }

    [Fact]
    public async Task AServiceThatFails_IsExplainedInTheTerminal()
    {
        using var appHost = new AppHostProcess("--ephemeral", "--no-simulator", "--Parameters:operator-key=none");
        await Eventually.TrueAsync("the terminal says why setup ended", StartBound, () =>
            appHost.Output.Contains("exit code 78", StringComparison.Ordinal)
            && appHost.Output.Contains("Wrong setting: OPERATOR_KEY", StringComparison.Ordinal));
        appHost.Interrupt();
        await appHost.EndedAsync().WaitAsync(EndBound);
        await Eventually.TrueAsync("no process is left", EndBound, () => appHost.Processes().Count == 0);
    }

    private static async Task<HttpStatusCode> ReadyAsync(AppHostProcess appHost)
    {
        using var http = new HttpClient();
        using var response = await http.GetAsync($"{appHost.UrlOf("api-1")}/ready");
        return response.StatusCode;
    }

    private static async Task<long> LeaderEpochAsync(AppHostProcess appHost)
    {
        using var http = new HttpClient();
        var leader = await http.GetFromJsonAsync<JsonElement>($"{appHost.UrlOf("api-1")}/cluster/leader");
        return leader.GetProperty("epoch").GetInt64();
    }

    private static async Task<IReadOnlyList<string>> NodesAsync(AppHostProcess appHost)
    {
        using var http = new HttpClient();
        var nodes = await http.GetFromJsonAsync<JsonElement>($"{appHost.UrlOf("api-1")}/cluster/nodes");
        return [.. nodes.EnumerateArray().Select(node => node.GetProperty("nodeId").GetString()!).Order(StringComparer.Ordinal)];
    }
}
