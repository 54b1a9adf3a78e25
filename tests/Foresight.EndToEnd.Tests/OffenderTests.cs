using System.Net;
using Aspire.Hosting.Testing;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.EndToEnd.Tests.Stack;
using Foresight.Matching.Engine;
using Foresight.Protocol;
using Foresight.Simulator.Traders;
using Microsoft.Playwright;
using Npgsql;
using static Microsoft.Playwright.Assertions;

namespace Foresight.EndToEnd.Tests;

[Collection(StackCollection.Name)]
public sealed class OffenderTests(StackFixture stack)
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task WhoRevokesTheApprovalBeforeTradesAreMined_IsRefused_UntilThePointsHaveFaded_OrAnAdminResetsThem()
    {
        await stack.WaitUntilTradingAsync();
        var (eve, honest, market) = (stack.Traders[7], stack.Traders[0], stack.Markets[2]);
        var price = new Price(31 * market.TickSize);

        // A trade of an earlier test that is still to be settled would fail with the three, and count.
        await BalancesAsync("no earlier trade of the account is open", balances => balances.All(balance => balance.HeldByTrades == "0"));

        // No block is mined, so that three trades are sent together and the approval is revoked before their block.
        var trades = new List<long>();
        await stack.MineEveryAsync(0);
        try
        {
            for (var i = 0; i < 3; i++)
                trades.Add(await stack.TradeAsync(market, eve, honest, price, lots: 200));
            foreach (var trade in trades)
                await stack.TradeInStateAsync(trade, "broadcast");
            await stack.SendFirstAsync(eve, stack.Venue.Usdc, UsdcContract.Approve(Address.Parse(stack.Venue.Factory), 0));
        }
        finally
        {
            await stack.MineEveryAsync(1);
        }

        foreach (var trade in trades)
            Assert.StartsWith("insufficient_collateral", (await stack.TradeInStateAsync(trade, "failed")).SettlementReason);
        await stack.SendFirstAsync(eve, stack.Venue.Usdc, UsdcContract.Approve(Address.Parse(stack.Venue.Factory), Word.MaxUInt256));
        await BalancesAsync(
            "the money is there again",
            balances => balances.Any(b => b is { Asset: "USDC", HeldByTrades: "0" } && b.Available != "0")
        );

        // The account has funds again, so only its offences can be why it is refused.
        var refused = await RefusedAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, ProblemCodes.AccountLimited), (refused.Status, refused.Code));
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromMinutes(8), TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Created, (await TryAsync(honest)).Status);

        // Moves the strikes two hours into the past, because a test cannot wait for that time.
        await ShiftAsync("- interval '2 hours'");
        await AcceptedAsync();
        await ShiftAsync("+ interval '2 hours'");
        await RefusedAsync();

        await WaiveAsync(eve);
        await AcceptedAsync();
        var detail = await stack.GetAsAdminAsync<OffenderDetail>($"admin/offenders/{eve.Address}");
        Assert.Equal(3, detail.Strikes.Count(o => o.WaivedAt is not null));

        Task BalancesAsync(string what, Func<IReadOnlyList<BalanceView>, bool> holds) =>
            Eventually.TrueAsync(
                what,
                Deadline,
                async () => holds((await stack.Api.AccountAsync(eve.Address.ToString(), CancellationToken.None))!.Balances)
            );

        // Neither trades nor rests, because there is no opposite order.
        Task<Settlement.Answer> TryAsync(Trader trader) =>
            stack.SendOnceAsync(
                trader,
                new OrderIntent(market, 0, Side.Buy, new Price(market.TickSize), new Quantity(200), TimeInForce.ImmediateOrCancel)
            );

        // Polled, because an Api node refreshes the strikes each second.
        Task<Settlement.Answer> RefusedAsync() =>
            Eventually.GetAsync("a refusal", Deadline, async () => await TryAsync(eve) is { Code: not null } no ? no : null);

        Task<Settlement.Answer> AcceptedAsync() =>
            Eventually.GetAsync("an acceptance", Deadline, async () => await TryAsync(eve) is { Code: null } yes ? yes : null);

        async Task ShiftAsync(string by)
        {
            await using var database = NpgsqlDataSource.Create((await stack.App.GetConnectionStringAsync("foresight"))!);
            await using var shift = database.CreateCommand($"UPDATE strikes SET at = at {by} WHERE address = $1");
            shift.Parameters.AddWithValue(eve.Address.ToBytes());
            Assert.Equal(3, await shift.ExecuteNonQueryAsync());
        }
    }

    private async Task WaiveAsync(Trader offender)
    {
        await using var browser = await ConsoleBrowser.StartAsync(stack.App.GetEndpoint("console"));
        var page = await browser.SignInAsync("Ada", stack.AdminKey);
        await page.GotoAsync("/offenders");
        var row = page.GetByTestId("offenders")
            .GetByRole(AriaRole.Row)
            .Filter(new() { Has = page.GetByTitle(offender.Address.ToString()) });
        await Expect(row).ToContainTextAsync("refused");
        await Expect(row).ToContainTextAsync("insufficient collateral ×3");
        await row.GetByRole(AriaRole.Link).ClickAsync();

        await Expect(page.GetByTestId("strikes").GetByRole(AriaRole.Row)).ToHaveCountAsync(4);
        await Expect(page.GetByTestId("waive")).ToBeDisabledAsync();
        await page.GetByTestId("waive-note").FillAsync("A test of ours.");
        await page.GetByTestId("waive").ClickAsync();
        await page.GetByTestId("waive-confirm").ClickAsync();
        await Expect(page.GetByTestId("points")).ToHaveTextAsync("0");
        await Expect(page.Locator(".trail")).ToContainTextAsync("Ada waived 3 failed trades");
        await Expect(page.Locator(".trail")).ToContainTextAsync("A test of ours.");
        await Expect(page.GetByTestId("waive")).ToBeDisabledAsync();
    }
}
