using System.Net;
using Foresight.Api.Tests.Operations;
using Foresight.Api.Tests.Operations.Firm;
using Foresight.Api.Tests.Problems;
using Foresight.Api.Tests.Stack;
using Foresight.Api.Withdrawals;
using Foresight.Protocol;

namespace Foresight.Api.Tests.Withdrawals;

[Collection(ApiStackCollection.Name)]
[Trait("Category", "Firm")]
public sealed class WithdrawalListTests(ApiStack stack) : IAsyncLifetime
{
    private readonly FirmLife _life = new(stack, 8_650_000);

    public Task InitializeAsync() => _life.InsertAsync();

    public Task DisposeAsync() => _life.DeleteAsync();

    [Fact]
    public async Task OpenOnes_OfBothKinds_ComeByTheirDeadline_InPages()
    {
        var all = await ReadAsync("");
        Assert.Equal(
            [
                WithdrawalStates.Expired,
                WithdrawalStates.Ready,
                WithdrawalStates.Granted,
                WithdrawalStates.CoSigned,
                WithdrawalStates.Leaving,
                WithdrawalStates.Paying,
            ],
            all.Items.Select(row => row.State)
        );
        Assert.Equal((6, null), (all.Total, all.Next));
        var leaving = all.Items[4];
        Assert.Equal(
            (_life.Bob.ToString(), "USDC", "7", WithdrawalKinds.Request, FirmLife.BobIsReady),
            (leaving.Account, leaving.Asset, leaving.Amount, leaving.Kind, leaving.Deadline)
        );
        Assert.Equal((90, 130, 30, 2), (leaving.SinceBlock, leaving.ReadyBlock, leaving.BlocksLeft, leaving.UnsettledFirmTrades));
        Assert.Equal(("18446744073709551615", 99L, null), (all.Items[5].Nonce, all.Items[5].Block, all.Items[5].ReadyBlock));

        var seen = new List<VaultWithdrawalView>();
        string? cursor = null;
        do
        {
            var page = await ReadAsync($"limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            Assert.InRange(page.Items.Count, 1, 2);
            Assert.Equal(6, page.Total);
            seen.AddRange(page.Items);
            cursor = page.Next;
        } while (cursor is not null);
        Assert.Equal(all.Items, seen);
    }

    [Fact]
    public async Task EveryState_IsAFilter_AndAccountIs()
    {
        foreach (var state in WithdrawalStates.All.Except([WithdrawalStates.Leaving]))
            Assert.Equal(state, Assert.Single((await ReadAsync($"state={state}&account={_life.Alice}")).Items).State);
        Assert.Equal(_life.Bob.ToString(), Assert.Single((await ReadAsync("state=leaving")).Items).Account);
        Assert.Equal(WithdrawalStates.Leaving, Assert.Single((await ReadAsync($"account={_life.Bob}")).Items).State);
        Assert.Empty((await ReadAsync($"account={FirmLife.Vault}")).Items);
        var cancelled = Assert.Single((await ReadAsync("state=cancelled")).Items);
        Assert.Equal(("1:1", "2.5", null), (cancelled.Asset, cancelled.Amount, cancelled.BlocksLeft));
        Assert.Equal("0x" + string.Concat(Enumerable.Repeat("ab", 32)), cancelled.TransactionHash);
    }

    [Theory]
    [InlineData("-deadline", "paying,leaving,co_signed,granted,ready,expired")]
    [InlineData("state", "leaving,ready,granted,co_signed,expired,paying")]
    [InlineData("kind", "ready,leaving,expired,granted,co_signed,paying")]
    public async Task Sorts_AreOverAllPages(string sort, string states)
    {
        var seen = new List<string>();
        CountedPage<VaultWithdrawalView> page;
        do
        {
            page = await ReadAsync($"limit=2&sort={sort}&offset={seen.Count}");
            Assert.Null(page.Next);
            seen.AddRange(page.Items.Select(row => row.State));
        } while (page.Items.Count > 0);
        Assert.Equal(states, string.Join(',', seen));
    }

    [Fact]
    public async Task EverySort_IsAnswered()
    {
        foreach (var sort in WithdrawalSorts.Names)
            Assert.Equal(6, (await ReadAsync($"sort=-{sort}&offset=0")).Items.Count);
    }

    [Theory]
    [InlineData("stat=leaving", "The query parameter \"stat\" is unknown; this route takes account, cursor, limit, offset, sort, state.")]
    [InlineData("state=gone", "state must be one of leaving, ready, granted, co_signed, expired, paying, paid, lapsed, cancelled,")]
    [InlineData("account=0x1", "account must be")]
    [InlineData("sort=amount", "sort must be one of deadline, since, account, asset, kind, state, unsettledFirmTrades,")]
    [InlineData("cursor=1-2-3-4", "cursor must be the next of a page before, with sort deadline and without offset.")]
    [InlineData("state=paid&cursor=x", "cursor must be the next of a page before, with sort -deadline and without offset.")]
    [InlineData("limit=501", "limit must be from 1 to 500.")]
    public async Task WhatThereIsNot_IsRefusedByName(string query, string why)
    {
        using var answer = await stack.Admin.GetAsync($"admin/withdrawals?{query}");
        var problem = await BadRequestTests.RefusalAsync(answer, 400, "malformed_request");
        Assert.StartsWith(why, problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    /// <summary>What leaves is on chain for all to see; a co-signature is for the account that asked for it, at its nonce.</summary>
    [Fact]
    public async Task AnybodySees_WhatLeavesOfOneAccount_AndNoListHasACoSignature()
    {
        var page = await stack.ReadAsync<Page<VaultWithdrawalView>>($"withdrawals/{_life.Alice}?limit=3");
        Assert.Equal(["expired", "ready", "granted"], page.Items.Select(row => row.State));
        page = await stack.ReadAsync<Page<VaultWithdrawalView>>($"withdrawals/{_life.Alice}?cursor={page.Next}");
        Assert.Equal(["co_signed", "paying"], page.Items.Select(row => row.State));
        Assert.All(page.Items, row => Assert.Equal(_life.Alice.ToString(), row.Account));
        Assert.Empty((await stack.ReadAsync<Page<VaultWithdrawalView>>($"withdrawals/{FirmLife.Vault}")).Items);

        Assert.DoesNotContain(
            FirmLife.CoSignature,
            await stack.Http.GetStringAsync($"withdrawals/{_life.Alice}"),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(FirmLife.CoSignature, await stack.Admin.GetStringAsync("admin/withdrawals"), StringComparison.Ordinal);
        using var stranger = await stack.Http.GetAsync("admin/withdrawals");
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        using var unknown = await stack.Http.GetAsync($"withdrawals/{_life.Alice}?state=leaving");
        await BadRequestTests.RefusalAsync(unknown, 400, "malformed_request");
    }

    [Theory]
    [InlineData("1", "granted", null)]
    [InlineData("2", "co_signed", null)]
    [InlineData("3", "expired", null)]
    [InlineData("18446744073709551615", "paying", 99L)]
    [InlineData("5", "paid", 90L)]
    [InlineData("6", "lapsed", null)]
    public async Task OneOfThem_HasItsState_FromTheGrantToItsEnd(string nonce, string state, long? paidBlock)
    {
        var one = await stack.ReadAsync<WithdrawalView>($"withdrawals/{_life.Alice}/{nonce}");
        Assert.Equal((state, paidBlock), (one.State, one.PaidBlock));
    }

    [Fact]
    public async Task Lists_AreFoundByIndex()
    {
        foreach (var filter in (WithdrawalFilter[])[new(null, null), new(_life.Alice, null), new(null, WithdrawalStates.Finished)])
            await stack.AssertIndexedAsync(
                WithdrawalLists.PageQuery(filter),
                WithdrawalLists.ParametersOf(filter, new WithdrawalPage(null, 100, 0, null))
            );
    }

    private Task<CountedPage<VaultWithdrawalView>> ReadAsync(string query) =>
        stack.ReadAsync<CountedPage<VaultWithdrawalView>>($"admin/withdrawals?{query}", asOperator: true);
}
