using Foresight.Matching.Reconciliation;
using Foresight.Matching.Tests.Settlement;

namespace Foresight.Matching.Tests.Reconciliation;

[Collection(ChainCollection.Name)]
public sealed class CoverageTests(ChainFixture fixture)
{
    [Fact]
    public async Task AReorganisation_TakesBackTheCoverageOfWhatItUndid_AndOfNothingElse()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(20);
        await venue.FollowAsync();
        await RunAsync(venue);
        var snapshot = await fixture.RequestAsync("evm_snapshot");
        var ancestor = await venue.Client.BlockNumberAsync();
        await fixture.MineAsync(12);
        await venue.FollowAsync();
        await RunAsync(venue);
        var covered = await venue.Client.BlockNumberAsync() - venue.Options.Confirmations;
        var deployed = venue.Deployment.DeployedBlock;
        Assert.Equal($"{deployed}-{ancestor - 2} covered, {deployed}-{covered} covered", await LedgerAsync(venue));

        await fixture.RequestAsync("evm_revert", snapshot);
        await fixture.RequestAsync("evm_increaseTime", 7);
        await fixture.MineAsync(14);
        await venue.FollowAsync();
        Assert.Equal(
            $"{deployed}-{ancestor - 2} covered, {deployed}-{ancestor} covered, {ancestor + 1}-{covered} undone",
            await LedgerAsync(venue)
        );
        Assert.Equal(ancestor, await venue.ScalarAsync<long>("SELECT block_number FROM chain_cursors WHERE name = 'reconciliation'"));
    }

    [Fact]
    public async Task CoverageOfOldRuns_IsFolded_SoThatTheLedgerStaysSmallAndSaysTheSame()
    {
        await using var venue = await Venue.CreateAsync(fixture);
        await fixture.MineAsync(3);
        await venue.FollowAsync();
        var first = await venue.ScalarAsync<long>(
            "INSERT INTO reconciliation_runs (trigger, state, node_id) VALUES ('schedule', 'succeeded', 'n') RETURNING run_id"
        );
        await venue.ExecuteAsync(
            "INSERT INTO reconciliation_runs (trigger, state, node_id) SELECT 'schedule', 'succeeded', 'n' FROM generate_series(1, $1)",
            ReconciliationJournal.CoverageRuns + 2
        );
        await venue.ExecuteAsync(
            """
            INSERT INTO reconciliation_coverage (run_id, from_block, to_block, state) VALUES
                ($1, 1, 50, 'covered'), ($1, 51, 100, 'covered'), ($1 + 1, 80, 120, 'covered'), ($1 + 1, 130, 140, 'failed'),
                    ($1 + 2, 150, 160, 'covered'),
                ($1 + 9, 161, 170, 'covered')
            """,
            first
        );
        await RunAsync(venue);
        Assert.StartsWith("1-120 covered, 150-160 covered, 161-170 covered, ", await LedgerAsync(venue));
        await RunAsync(venue);
        Assert.StartsWith("1-120 covered, 150-160 covered, 161-170 covered, ", await LedgerAsync(venue));
        Assert.Equal(2L, await venue.ScalarAsync<long>("SELECT count(*) FROM reconciliation_coverage WHERE run_id <= $1", first + 2));
    }

    private static async Task RunAsync(Venue venue)
    {
        var journal = new ReconciliationJournal(venue.Database);
        var run = await journal.StartScheduledAsync(venue.Term, CancellationToken.None) with { Manual = true };
        // The run is cut into several comparisons, which must still count as one covered range.
        var options = new ReconciliationOptions
        {
            Balances = false,
            Confirmations = venue.Options.Confirmations,
            BlockRange = 7,
        };
        var result = await venue.NewReconciler(options: options).RunAsync(run, CancellationToken.None);
        Assert.Null(result.Error);
        await journal.FinishAsync(venue.Term, result, CancellationToken.None);
    }

    private static Task<string> LedgerAsync(Venue venue) =>
        venue.ScalarAsync<string>(
            """
            SELECT string_agg(from_block || '-' || to_block || ' ' || state, ', ' ORDER BY run_id, from_block) FROM reconciliation_coverage
            """
        );
}
