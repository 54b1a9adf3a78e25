using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Foresight.Protocol;
using Xunit;

namespace Foresight.AppHost.Tests;

[Collection(ServersCollection.Name), Trait("Category", "Parts")]
public sealed class NoProcessIsLeftBehindTests
{
    private static readonly TimeSpan StartBound = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan EndBound = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task TwoAppHosts_DoNotMeet_NeitherLeavesAProcess_AndAKilledOneStartsAgainAtOnce()
    {
        using var ephemeral = new AppHostProcess("--ephemeral", "--no-simulator");
        await ephemeral.HealthyAsync(StartBound);
        using var kept = new AppHostProcess("--no-simulator");
        await kept.HealthyAsync(StartBound);
        var (nodes, others) = (await NodesAsync(ephemeral), await NodesAsync(kept));
        // Three matching and two Api nodes each. A process in both sets would mean that the stacks share one.
        Assert.Equal((5, 5), (nodes.Count, others.Count));
        Assert.Empty(nodes.Intersect(others));

        Assert.Contains("kill-leader", await kept.DrillAsync("help"));
        var before = await LeaderEpochAsync(kept);
        Assert.Contains("leads in epoch", await kept.DrillAsync("kill-leader"));
        Assert.True(await LeaderEpochAsync(kept) > before);

        ephemeral.KillNine();
        await Eventually.TrueAsync("no process of the killed one is left", EndBound, () => ephemeral.Processes().Count == 0);
        await Eventually.TrueAsync("nor its state", EndBound, () => ephemeral.StateFolders.Length == 0);
        Assert.Equal(HttpStatusCode.OK, await ReadyAsync(kept));

        kept.KillNine();
        await kept.EndedAsync();
        kept.StartAgain();
        await kept.HealthyAsync(StartBound);
        kept.Interrupt();
        await kept.EndedAsync().WaitAsync(EndBound);
        await Eventually.TrueAsync("no process of the interrupted one is left", EndBound, () => kept.Processes().Count == 0);
    }

    [Fact]
    public async Task AServiceThatFails_IsExplainedInTheTerminal()
    {
        using var appHost = new AppHostProcess("--ephemeral", "--no-simulator", "--Parameters:operator-key=none");
        await Eventually.TrueAsync(
            "the terminal says why setup ended",
            StartBound,
            () =>
                appHost.Output.Contains("exit code 78", StringComparison.Ordinal)
                && appHost.Output.Contains("Wrong setting: OPERATOR_KEY", StringComparison.Ordinal)
        );
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

    /// <summary>Waits while there is no leader: two stacks on a small machine may cost one its term.</summary>
    private static async Task<long> LeaderEpochAsync(AppHostProcess appHost)
    {
        using var http = new HttpClient();
        var leader = await Eventually.GetAsync(
            "a leader",
            Eventually.Patience,
            () => http.GetFromJsonAsync<LeaderView>($"{appHost.UrlOf("api-1")}/cluster/leader")
        );
        return leader.Epoch;
    }

    private static async Task<IReadOnlyList<string>> NodesAsync(AppHostProcess appHost)
    {
        using var http = new HttpClient();
        var nodes = await http.GetFromJsonAsync<JsonElement>($"{appHost.UrlOf("api-1")}/cluster/nodes");
        return [.. nodes.EnumerateArray().Select(node => node.GetProperty("nodeId").GetString()!).Order(StringComparer.Ordinal)];
    }
}
