using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Matching.Setup;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.ChainFollowing;

/// <summary>Follower, chain and journal are real; proposals are written as the Api writes them.</summary>
[Trait("Category", "Console")]
[Collection(ChainCollection.Name)]
public sealed class MarketProposalTests(ChainFixture fixture)
{
    private const string Question = "Will a proposal become a market?";

    [Theory]
    [InlineData("resolve", 1, true, "done")]
    [InlineData("resolve", 0, true, "superseded")]
    [InlineData("invalidate", null, true, "superseded")]
    [InlineData("invalidate", null, false, "done")]
    [InlineData("resolve", 1, false, "superseded")]
    public async Task WhatTheChainDecides_EndsTheProposal_OnceItIsConfirmed(string kind, int? outcome, bool resolves, string end)
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        await ProposeEndAsync(venue, kind, outcome);
        await venue.SendAsync(venue.Operator.Key, venue.MarketAddress, resolves ? MarketContract.Resolve(1) : MarketContract.Invalidate());
        await venue.FollowAsync();
        Assert.Equal("open", await EndAsync(venue));
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        Assert.Equal(end, await EndAsync(venue));
    }

    [Fact]
    public async Task AnUndoneResolution_OpensItsProposalAgain()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(4);
        await venue.FollowAsync();
        await ProposeEndAsync(venue, "resolve", 1);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        await venue.SendAsync(venue.Operator.Key, venue.MarketAddress, MarketContract.Resolve(1));
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        Assert.Equal("done", await EndAsync(venue));

        // A chain without the transaction that grows longer than the first, so that the node switches to it.
        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("anvil_dropAllTransactions");
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(5);
        await venue.FollowAsync();
        Assert.Equal("open", await EndAsync(venue));
    }

    [Fact]
    public async Task AnApprovedMarket_IsListedWithItsTerms_AndNothingOfItsBlocksIsMissed()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        await ProposeMarketAsync(venue, outcomes: 3);
        await CreateAsync(venue, outcomes: 3);
        await fixture.MineAsync(2);
        var before = await CursorAsync(venue);
        await venue.FollowAsync();
        Assert.Equal(
            ("2 Will a proposal become a market? {A,B,C} 10 2030-01-01 to list firm only false", "done 2", "2"),
            (
                await venue.ScalarAsync<string>(
                    """
                    SELECT market_id || ' ' || question || ' ' || outcomes::text || ' ' || tick_size || ' '
                        || to_char(closes_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || CASE WHEN listed_sequence IS NULL THEN ' to list' END
                        || ' firm only ' || firm_only
                    FROM markets WHERE market_id = 2
                    """
                ),
                await venue.ScalarAsync<string>("SELECT ended || ' ' || market_id FROM market_proposals"),
                await venue.ScalarAsync<string>("SELECT string_agg(market_id::text, ' ') FROM market_audit")
            )
        );
        Assert.Equal(before, await CursorAsync(venue));
        await venue.FollowAsync();
        Assert.Equal(before, await CursorAsync(venue));

        await venue.ReadDeploymentAsync();
        await venue.FollowAsync();
        Assert.True(await CursorAsync(venue) > before);
        Assert.Equal(
            await new MarketFactoryContract(venue.Client, venue.Deployment.Factory).MarketOfAsync(Keccak256.HashText(Question)),
            venue.Deployment.Market(2).Address
        );
    }

    [Theory]
    [InlineData("no proposal", "DELETE FROM market_proposals")]
    [InlineData("no approval", "UPDATE market_proposals SET approved_at = NULL")]
    [InlineData("withdrawn", "UPDATE market_proposals SET ended = 'withdrawn'")]
    [InlineData("another question", "UPDATE market_proposals SET question_hash = decode(repeat('ab', 32), 'hex')")]
    [InlineData("other outcomes", "UPDATE market_proposals SET outcomes = ARRAY['A', 'B']")]
    public async Task AMarketWithoutItsApproval_IsNotListed_AndTheFollowerGoesOn(string what, string change)
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await ProposeMarketAsync(venue, outcomes: 3);
        await venue.ExecuteAsync($"DELETE FROM market_audit; {change}");
        await CreateAsync(venue, outcomes: 3);
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        Assert.True(await venue.ScalarAsync<long>("SELECT count(*) FROM markets") == 1, what);
        Assert.Equal(await venue.Client.BlockNumberAsync() - venue.Options.Confirmations, await CursorAsync(venue));
    }

    [Fact]
    public async Task ALapsedProposal_WhoseTransactionIsMinedAfterAll_IsListedAllTheSame()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await ProposeMarketAsync(venue, outcomes: 3);
        await venue.ExecuteAsync("UPDATE market_proposals SET ended = 'lapsed', ended_at = now()");
        await CreateAsync(venue, outcomes: 3);
        await fixture.MineAsync(2);
        await venue.FollowAsync();
        Assert.Equal("done 2", await venue.ScalarAsync<string>("SELECT ended || ' ' || market_id FROM market_proposals"));
    }

    private static Task ProposeEndAsync(Venue venue, string kind, int? outcome) =>
        venue.ExecuteAsync(
            $"""
            INSERT INTO market_proposals (kind, market_id, outcome, proposed_by, proposed_key, proposed_note)
            VALUES ('{kind}', {Venue.Market}, {outcome?.ToString() ?? "NULL"}, 'Ada', 'ada', 'because')
            """
        );

    private static async Task ProposeMarketAsync(Venue venue, int outcomes)
    {
        var names = string.Join(", ", Enumerable.Range(0, outcomes).Select(i => $"'{(char)('A' + i)}'"));
        await venue.ExecuteAsync(
            $"""
            INSERT INTO market_proposals (kind, question, question_hash, outcomes, tick_size, closes_at, proposed_by, proposed_key,
                proposed_note, approved_by, approved_key, approved_at, approved_note)
            VALUES ('create', '{Question}', decode('{Keccak256.HashText(Question).ToString()[2..]}', 'hex'), ARRAY[{names}], 10,
                '2030-01-01Z', 'Ada', 'ada', 'because', 'Grace', 'grace', now(), 'agreed')
            """
        );
        await venue.ExecuteAsync(
            """
            INSERT INTO market_audit (proposal_id, actor, key_name, action, from_state, to_state, note)
            SELECT proposal_id, 'Ada', 'ada', 'create_proposed', 'none', 'proposed', 'because' FROM market_proposals
            """
        );
    }

    private static async Task CreateAsync(Venue venue, int outcomes)
    {
        var transactions = new TransactionSequence(venue.Client, venue.Operator.Key, venue.Deployment.ChainId);
        await transactions.SendAsync(
            venue.Deployment.Factory,
            MarketFactoryContract.CreateMarket(Keccak256.HashText(Question), outcomes),
            6_000_000,
            CancellationToken.None
        );
        await transactions.WaitAsync(CancellationToken.None);
    }

    private static Task<string> EndAsync(Venue venue) => venue.ScalarAsync<string>("SELECT coalesce(ended, 'open') FROM market_proposals");

    private static Task<long> CursorAsync(Venue venue) =>
        venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'follower'");
}
