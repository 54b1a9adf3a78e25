using System.Numerics;
using Aspire.Hosting.Testing;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

/// <summary>What operators do to the running stack, and that the stack does it.</summary>
[Trait("Category", "Console")]
[Collection(ConsoleCollection.Name)]
public sealed class ConsoleActsTests(ConsoleFixture stack) : IAsyncLifetime
{
    private const string Replica = "replica-1";
    private const int BlocksToWait = 3;

    private ConsoleBrowser _browser = null!;

    public async Task InitializeAsync()
    {
        _browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));
        await stack.WaitUntilTradingAsync();
    }

    public async Task DisposeAsync() => await _browser.DisposeAsync();

    [Fact]
    public async Task Settlement_IsHaltedByOneKey_AndResumedByTwo()
    {
        var ada = await OpenAsync("Ada", stack.AdaKey, "/settlement");
        await PressAsync(ada, OperatorSubjects.Settlement, OperatorActions.Halt, "The chain is being upgraded.");
        var halted = ada.GetByText("Settlement is halted by an operator");
        await Expect(halted.First).ToBeVisibleAsync();
        var market = stack.Markets[2];
        var trade = await stack.TradeAsync(market, stack.Traders[5], stack.Traders[6], new Price(41 * market.TickSize), lots: 200);
        var head = await stack.Chain.BlockNumberAsync(CancellationToken.None);
        await Eventually.TrueAsync(
            "a few more blocks",
            Eventually.Patience,
            async () => await stack.Chain.BlockNumberAsync(CancellationToken.None) >= head + BlocksToWait
        );
        Assert.Equal(TradeStates.Matched, (await stack.TradeViewAsync(trade))?.Settlement);

        await TypeAsync(ada, OperatorSubjects.Settlement, OperatorActions.Resume, "resume settlement", "The upgrade is done.");
        await Expect(ada.GetByText("A second key must decide the same.")).ToBeVisibleAsync();
        Assert.Equal(TradeStates.Matched, (await stack.TradeViewAsync(trade))?.Settlement);

        var grace = await OpenAsync("Grace", stack.GraceKey, "/settlement");
        await TypeAsync(grace, OperatorSubjects.Settlement, OperatorActions.Resume, "resume settlement", "The upgrade is done.");
        await Expect(halted).ToHaveCountAsync(0);
        await stack.TradeInStateAsync(trade, TradeStates.Final);
    }

    [Fact]
    public async Task ATransactionThatWaits_IsReplacedByOneOfAHigherFee()
    {
        var market = stack.Markets[2];
        var page = await OpenAsync("Ada", stack.AdaKey, "/settlement");
        await stack.MineEveryAsync(0);
        try
        {
            var trade = await stack.TradeAsync(market, stack.Traders[5], stack.Traders[6], new Price(43 * market.TickSize), lots: 200);
            await stack.TradeInStateAsync(trade, TradeStates.Broadcast);
            var before = await BatchOfAsync(trade);
            await TypeAsync(page, OperatorSubjects.Settlement, OperatorActions.Bump, "replace", "The fee market moved.");
            var after = await Eventually.GetAsync(
                "a transaction of a higher fee in its place",
                Eventually.Patience,
                async () => await BatchOfAsync(trade) is var batch && batch.Transactions > before.Transactions ? batch : null
            );
            Assert.Equal(before.Nonce, after.Nonce);
            Assert.True(BigInteger.Parse(after.MaxFeeWei) > BigInteger.Parse(before.MaxFeeWei), $"{before.MaxFeeWei}, {after.MaxFeeWei}");
            await stack.MineEveryAsync(1);
            await stack.TradeInStateAsync(trade, TradeStates.Final);
        }
        finally
        {
            await stack.MineEveryAsync(1);
        }

        async Task<BatchView> BatchOfAsync(long trade) => (await stack.GetAsAdminAsync<TradeDetail>($"admin/trades/{trade}")).Batch!;
    }

    [Fact]
    public async Task AnOffender_IsWaived_AndTheDecisionHasItsLevels()
    {
        await stack.StrikeAsync((await stack.SettledTradeAsync()).TradeId);
        var page = await OpenAsync("Ada", stack.AdaKey, $"/offenders/{ConsoleSeed.Offender}");
        var reason = $"Our own fault {Guid.NewGuid():N}.";
        await page.GetByTestId("waive-note").FillAsync(reason);
        await page.GetByTestId("waive").ClickAsync();
        await page.GetByTestId("waive-confirm").ClickAsync();
        await Expect(page.GetByTestId("points")).ToHaveTextAsync("0");
        await page.GotoAsync("/decisions");
        await Expect(page.GetByTestId("decisions").GetByRole(AriaRole.Row).Filter(new() { HasText = reason }))
            .ToContainTextAsync($"→ {OffenderLevels.Clear}");
    }

    [Fact]
    public async Task ALeader_StepsDown_AndADrainedNodeLeadsNothing()
    {
        var first = await stack.LeaderAsync();
        var page = await OpenAsync("Ada", stack.AdaKey, "/cluster");
        await ChooseAsync(page, $"{OperatorSubjects.Leader}/{LeasedResources.Matching}");
        await TypeAsync(
            page,
            OperatorSubjects.Leader,
            OperatorActions.StepDown,
            $"step down {LeasedResources.Matching}",
            "Its machine is restarted."
        );
        var second = await LeaderOtherThanAsync(first.NodeId);
        Assert.True(second.Epoch > first.Epoch);

        await ChooseAsync(page, $"{OperatorSubjects.Node}/{second.NodeId}");
        await TypeAsync(page, OperatorSubjects.Node, OperatorActions.Drain, $"drain {second.NodeId}", "Its disk is replaced.");
        await LeaderOtherThanAsync(second.NodeId);
        await PressAsync(page, OperatorSubjects.Node, OperatorActions.Undrain, "The disk is new.");
        await Expect(page.GetByTestId($"act-{OperatorSubjects.Node}-{OperatorActions.Drain}")).ToBeVisibleAsync();
        await stack.WaitUntilTradingAsync();
    }

    [Fact]
    public async Task AReplica_IsTakenOut_AndPutInAgain()
    {
        var page = await OpenAsync("Ada", stack.AdaKey, "/database");
        await ChooseAsync(page, Replica);
        await PressAsync(page, OperatorSubjects.Replica, OperatorActions.TakeOut, "It is rebuilt.");
        await Expect(page.GetByText($"{Replica} is out of rotation").First).ToBeVisibleAsync();
        await IsOutAsync(true);
        await PressAsync(page, OperatorSubjects.Replica, OperatorActions.PutIn, "It is whole again.");
        await Expect(page.GetByText($"{Replica} is out of rotation")).ToHaveCountAsync(0);
        await IsOutAsync(false);

        Task IsOutAsync(bool isOut) =>
            Eventually.TrueAsync(
                isOut ? "the Api leaves the replica out" : "the Api reads from the replica",
                Eventually.Patience,
                async () =>
                    (await stack.GetAsAdminAsync<AdminOverview>("admin/overview"))
                        .Database!.Replicas.Single(one => one.Name == Replica)
                        .IsOut == isOut
            );
    }

    private async Task<IPage> OpenAsync(string name, string key, string path)
    {
        var page = await _browser.SignInAsync(name, key);
        await page.GotoAsync(path);
        return page;
    }

    private static Task ChooseAsync(IPage page, string target) => page.GetByLabel("Act on").SelectOptionAsync(target);

    /// <summary>An act that needs a reason and nothing else.</summary>
    private static async Task PressAsync(IPage page, string subject, string action, string reason)
    {
        await page.GetByTestId($"act-{subject}-note").FillAsync(reason);
        await page.GetByTestId($"act-{subject}-{action}").ClickAsync();
    }

    private static async Task TypeAsync(IPage page, string subject, string action, string word, string reason)
    {
        await PressAsync(page, subject, action, reason);
        await page.GetByTestId($"act-{subject}-word").FillAsync(word);
        await page.GetByTestId($"act-{subject}-confirm").ClickAsync();
    }

    private Task<Leader> LeaderOtherThanAsync(string nodeId) =>
        Eventually.GetAsync(
            $"another leader than {nodeId}",
            Eventually.Patience,
            async () => await stack.LeaderAsync() is var leader && leader.NodeId != nodeId ? leader : null
        );
}
