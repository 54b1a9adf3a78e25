using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Protocol;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
[Trait("Category", "Parts")]
public sealed class NoticeTests(StackFixture stack)
{
    private const string Pause = "0x8456cb59",
        Unpause = "0x3f4ba83a";

    [Fact]
    public async Task AMatchingNodeThatIsAskedToEnd_SaysSo_ToClientsOfBothApiNodes()
    {
        await stack.WaitUntilTradingAsync();
        await using var here = await NoticeListener.OpenAsync(stack.ApiUrl(1));
        await using var there = await NoticeListener.OpenAsync(stack.ApiUrl(2));
        var leader = await stack.LeaderAsync();
        var nodes = await stack.GetAsAdminAsync<List<NodeRecord>>("cluster/nodes");
        var follower = nodes.First(node => node.Kind == "matching" && node.NodeId != leader.NodeId);

        NodeProcess.AskToEnd(follower.ProcessId);
        foreach (var client in new[] { here, there })
        {
            await client.NextAsync<Notice>(notice => notice.Kind == "planned_end" && notice.NodeId == follower.NodeId);
            await client.NextAsync<ClusterEvent>(notice => notice.Kind == "node_left" && notice.NodeId == follower.NodeId);
        }

        await stack.BringBackAsync(follower.NodeId);
        foreach (var client in new[] { here, there })
            await client.NextAsync<ClusterEvent>(notice =>
                notice is { Kind: "node_joined", Detail: "matching" } && notice.NodeId == follower.NodeId
            );
    }

    [Fact]
    public async Task ChainMarketAndLeaderEvents_ReachClientsOfBothApiNodes()
    {
        await stack.WaitUntilTradingAsync();
        await using var here = await NoticeListener.OpenAsync(stack.ApiUrl(1));
        await using var there = await NoticeListener.OpenAsync(stack.ApiUrl(2));
        NoticeListener[] clients = [here, there];

        foreach (var client in clients)
        {
            var block = await client.NextAsync<ChainEvent>(notice => notice.Kind == "block");
            await client.NextAsync<ChainEvent>(notice => notice.Kind == "block" && notice.Block > block.Block);
            await client.NextAsync<ChainEvent>(notice => notice is { Kind: "finality", Block: > 0 });
        }

        var market = stack.Markets[2];
        await SendAsOperatorAsync(market.Address, Pause);
        foreach (var client in clients)
            await HearAsync(client, "paused");
        await SendAsOperatorAsync(market.Address, Unpause);
        foreach (var client in clients)
            await HearAsync(client, "open");

        var before = await stack.LeaderAsync();
        NodeProcess.AskToEnd(before.ProcessId);
        foreach (var client in clients)
        {
            await client.NextAsync<ClusterEvent>(notice =>
                notice is { Kind: "leader_elected", Detail: LeasedResources.Matching }
                && notice.Epoch > before.Epoch
                && notice.NodeId != before.NodeId
            );
        }

        await stack.BringBackAsync(before.NodeId);

        async Task HearAsync(NoticeListener client, string state)
        {
            var heard = await client.NextAsync<MarketStateEvent>(notice => notice.Market == market.Id && notice.State == state);
            Assert.True(heard.Sequence > 0 && heard.Epoch > 0, heard.ToString());
        }
    }

    /// <summary>The development chain signs for any account, so no key is needed.</summary>
    private async Task SendAsOperatorAsync(string contract, string data)
    {
        var signer = (await stack.GetAsAdminAsync<AdminOverview>("admin/overview")).Settlement!.SignerAddress!;
        await RequestAsync("anvil_impersonateAccount", signer);
        await RequestAsync(
            "eth_sendTransaction",
            new
            {
                from = signer,
                to = contract,
                data,
            }
        );
    }

    private async Task RequestAsync(string method, params object[] parameters)
    {
        using var response = await stack.Http.PostAsJsonAsync(
            stack.App.GetEndpoint("chain"),
            new
            {
                jsonrpc = "2.0",
                id = 1,
                method,
                @params = parameters,
            }
        );
        Assert.False((await response.Content.ReadFromJsonAsync<JsonElement>()).TryGetProperty("error", out var error), error.ToString());
    }
}
