using Foresight.Chain.Rpc;
using Foresight.Cluster;
using Foresight.Cluster.Health;
using Foresight.Matching.ChainFollowing;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;
using Foresight.Matching.Settlement;
using Foresight.Matching.Sharding;
using Foresight.ServiceDefaults.Health;
using Npgsql;

namespace Foresight.Matching.SettlementTerm;

/// <summary>
/// Two loops, so that a slow leader does not delay the watch over transactions, nor a slow chain the reports to the leader.
/// </summary>
public sealed partial class SettlementTask(
    ChainEndpoint chain,
    SettlementServices services,
    LeaderRouter router,
    ChainWatch endpoints,
    ShardOptions shards,
    ILogger<SettlementTask> logger
) : ILeaderTask
{
    /// <summary>Pause after a step that failed: the chain or the leader is unavailable and recovers by itself.</summary>
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(500);

    private const string ReadingTheBalance = "reading the signer's balance";

    private static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(1);

    /// <summary>Loops that end when settlement halts.</summary>
    private const int Working = 2;

    public async Task LeadAsync(Lease lease)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(lease.Lost, lease.Stopping);
        while (true)
            await SettleAsync(lease, await WaitForDeploymentAsync(lease.Database, ending.Token), ending.Token);
    }

    /// <summary>
    /// Returns when the set-up has added a market, so that settlement restarts with that market, and when an operator has allowed what it
    /// has halted for.
    /// </summary>
    private async Task SettleAsync(Lease lease, Deployment deployment, CancellationToken ending)
    {
        // With several shards the vault's money would have to be allotted to them, as a wallet's is; until then no order is firm there.
        if (shards.Count > 1)
            deployment = deployment with { Vault = null };
        var settlement = new SettlementContext(lease.Term, lease.Database, deployment, chain.Client, services, logger);
        var parts = new SettlementParts(
            settlement,
            (facts, cancellationToken) => router.ReportAsync(facts, lease.Term.Claim, cancellationToken),
            shards.Count
        );
        var (submitter, follower) = (parts.NewSubmitter(), parts.NewFollower());
        var status = parts.NewStatusReporter(submitter, follower, endpoints);
        lease.ReportRecovered();

        using var watching = CancellationTokenSource.CreateLinkedTokenSource(ending);
        using var working = CancellationTokenSource.CreateLinkedTokenSource(watching.Token);
        Task[] loops =
        [
            LoopAsync("submitting", submitter.StepAsync, status, working),
            LoopAsync("following the chain", FollowAsync, status, working),
            WatchAsync(lease.Database, deployment, status, watching.Token),
            .. deployment.Vault is null ? [] : new[] { PublishWithdrawalsAsync(settlement, watching.Token) },
        ];
        async Task<bool> FollowAsync(long head, CancellationToken cancellationToken)
        {
            var acted = await follower.StepAsync(head, cancellationToken);
            status.HasFollowed = true;
            return acted;
        }

        // The first loop to end (the term, the database) ends the others. All are awaited, so that none outlives its term.
        await Task.WhenAny(loops);
        // When settlement halts, its two loops end and the others continue: they keep the lease, so that no other node takes settlement
        // over.
        if (status.Halt is not null)
            await Task.WhenAny(loops[Working..]);
        await watching.CancelAsync();
        try
        {
            await Task.WhenAll(loops);
        }
        catch (OperationCanceledException) when (!ending.IsCancellationRequested)
        {
            // The deployment has changed; the caller starts again with the new one.
        }
        finally
        {
            // Of another term, or another try, the halt is another one.
            services.Metrics.Halted = null;
            services.Metrics.IsHaltedByOperator = false;
        }
    }

    private async Task LoopAsync(
        string work,
        Func<long, CancellationToken, Task<bool>> step,
        SettlementStatusReporter status,
        CancellationTokenSource working
    )
    {
        var ending = working.Token;
        while (!ending.IsCancellationRequested)
        {
            var pause = services.Options.PollInterval;
            try
            {
                status.Head = await chain.Client.BlockNumberAsync(ending);
                if (await step(status.Head, ending))
                    pause = TimeSpan.Zero;
                if (status.Worked(work))
                    Log.StepWorks(logger, work);
            }
            catch (Exception error)
                when (error is RpcException or InconsistentChainException or UndeliveredException && !ending.IsCancellationRequested)
            {
                if (status.Failed(work, error.Message))
                    Log.StepFailed(logger, work, error.Message);
                pause = PauseAfterFailure;
            }
            catch (SettlementHaltedException halted)
            {
                Log.Halted(logger, halted.Message);
                status.Halt = new Halt(halted.Message, halted.Undone);
                services.Publisher.TellCluster(status.Term, "settlement_halted");
                await working.CancelAsync();
                return;
            }

            if (pause > TimeSpan.Zero)
                await Task.Delay(pause, services.Clock, ending);
        }
    }

    /// <summary>A loop of its own, because the other two wait for the chain, and what they do has an owner who waits as well.</summary>
    private async Task PublishWithdrawalsAsync(SettlementContext settlement, CancellationToken ending)
    {
        var changes = new WithdrawalChanges(settlement.Database);
        while (true)
        {
            var updates = await changes.TakeAsync(settlement.Term, ending);
            services.Withdrawals.Publish(settlement.Term, updates);
            if (updates.Count == 0)
                await Task.Delay(services.Options.PollInterval, services.Clock, ending);
        }
    }

    private async Task WatchAsync(
        NpgsqlDataSource database,
        Deployment deployment,
        SettlementStatusReporter status,
        CancellationToken ending
    )
    {
        while (true)
        {
            if (status.Halt is { } halt && await new FollowerStore(database).MayUndoAsync(halt.Undone, ending))
            {
                Log.Allowed(logger);
                status.Halt = null;
                await status.WriteAsync(ending);
                return;
            }

            if (await status.WriteAsync(ending) is { } unread)
                status.Failed(ReadingTheBalance, unread);
            else
                status.Worked(ReadingTheBalance);
            services.Publisher.RepeatPositions(status.Term, deployment.Markets.Select(market => market.Id));
            if (deployment.Vault is not null)
                services.Withdrawals.RepeatPosition(status.Term);
            await Task.Delay(StatusInterval, services.Clock, ending);
            var now = await Deployment.ReadAsync(database, chain.ChainId, ending);
            if (now is null || now.Factory != deployment.Factory || now.Markets.Count != deployment.Markets.Count)
            {
                Log.DeploymentChanged(logger, now?.Markets.Count ?? 0);
                return;
            }
        }
    }

    private async Task<Deployment> WaitForDeploymentAsync(NpgsqlDataSource database, CancellationToken ending)
    {
        while (true)
        {
            var deployment = await Deployment.ReadAsync(database, chain.ChainId, ending);
            if (deployment is not null)
                return deployment;
            Log.NotDeployed(logger, chain.ChainId);
            await Task.Delay(TimeSpan.FromSeconds(1), services.Clock, ending);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Settlement: {Work} failed and will be retried: {Reason}")]
        public static partial void StepFailed(ILogger logger, string work, string reason);

        [LoggerMessage(LogLevel.Information, "Settlement: {Work} recovered.")]
        public static partial void StepWorks(ILogger logger, string work);

        [LoggerMessage(LogLevel.Critical, "Settlement halted: {Reason}")]
        public static partial void Halted(ILogger logger, string reason);

        [LoggerMessage(LogLevel.Warning, "An operator has allowed the reorganisation that halted settlement; settlement goes on.")]
        public static partial void Allowed(ILogger logger);

        [LoggerMessage(LogLevel.Information, "Deployment changed by the set-up; settlement restarts with {Markets} markets.")]
        public static partial void DeploymentChanged(ILogger logger, int markets);

        [LoggerMessage(LogLevel.Information, "No deployment recorded for chain {ChainId}; run the verb setup.")]
        public static partial void NotDeployed(ILogger logger, long chainId);
    }
}
