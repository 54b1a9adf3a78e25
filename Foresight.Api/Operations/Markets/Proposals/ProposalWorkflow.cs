using Foresight.Api.Access;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Cluster;
using Foresight.Protocol;
using Foresight.ServiceDefaults.Hosting;
using Foresight.ServiceDefaults.Postgres;

namespace Foresight.Api.Operations.Markets.Proposals;

/// <summary>
/// Prepares what only a role of the contracts can do, for the wallet of the operator who approves it. What is recorded here resolves and
/// creates nothing: that is the chain's, as settlement's follower sees it confirmed.
/// </summary>
public sealed class ProposalWorkflow(
    Database database,
    AdminAccess access,
    ProposalTransactions transactions,
    INotices notices,
    NodeIdentity node,
    TimeProvider clock
)
{
    /// <param name="market">Null: those that create one.</param>
    public async Task<MarketProposals> ListAsync(int? market, CancellationToken cancellationToken)
    {
        var (rows, hasVault) = await database.ReadPrimaryAsync(
            "market_proposals",
            async (connection, cancellationToken) =>
            {
                var store = new ProposalStore(connection, cancellationToken);
                return (await store.ListAsync(market), await store.HasVaultAsync());
            },
            cancellationToken
        );
        return new MarketProposals(
            access.HasSeveralKeys,
            await Task.WhenAll(rows.Select(row => ViewAsync(row, cancellationToken))),
            hasVault
        );
    }

    public async Task<Result<MarketProposalView>> ProposeAsync(
        MarketProposalRequest request,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        var read = ProposalRules.Read(request, clock.GetUtcNow());
        if (read.Value is not { } proposal)
            return read.Problem!;
        var (id, problem) = await database.WriteAsync(
            "market_proposal",
            (connection, cancellationToken) => new ProposalStore(connection, cancellationToken).AddAsync(proposal, by),
            cancellationToken
        );
        return problem is null ? await ChangedAsync(id, cancellationToken) : problem;
    }

    public async Task<Result<MarketProposalView>> ActAsync(
        long id,
        ProposalActRequest request,
        Operator by,
        CancellationToken cancellationToken
    )
    {
        var read = ProposalRules.Read(request);
        if (read.Value is not { } act)
            return read.Problem!;
        var now = clock.GetUtcNow();
        var problem = await database.WriteAsync(
            "market_proposal_act",
            (connection, cancellationToken) =>
                new ProposalStore(connection, cancellationToken).ActAsync(
                    id,
                    act,
                    by,
                    row => ProposalRules.Judge(row.FactsAt(now), act.Action, by.Key, access.HasSeveralKeys),
                    now
                ),
            cancellationToken
        );
        return problem is null ? await ChangedAsync(id, cancellationToken) : problem;
    }

    /// <summary>Of an approved one, because a wallet is asked for nothing else.</summary>
    public async Task<Result<TransactionCheck>> CheckAsync(long id, Address from, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, cancellationToken) is not { } row)
            return Problem.NotFound($"No proposal has the id {id}.");
        return RoleCall.Of(row) is { } call
            ? await transactions.CheckAsync(call, from, cancellationToken)
            : new TransactionCheck(false, "The market's contract is not on this chain.");
    }

    private async Task<MarketProposalView> ChangedAsync(long id, CancellationToken cancellationToken)
    {
        notices.Publish(NoticeTopics.Cluster, new ClusterEvent("market_proposal", node.Id, 0, clock.GetUtcNow(), Detail: null));
        return await ViewAsync((await FindAsync(id, cancellationToken))!, cancellationToken);
    }

    private Task<ProposalRow?> FindAsync(long id, CancellationToken cancellationToken) =>
        database.ReadPrimaryAsync(
            "market_proposal",
            (connection, cancellationToken) => new ProposalStore(connection, cancellationToken).FindAsync(id),
            cancellationToken
        );

    private async Task<MarketProposalView> ViewAsync(ProposalRow row, CancellationToken cancellationToken)
    {
        var (call, state) = (RoleCall.Of(row), row.FactsAt(clock.GetUtcNow()).State);
        return row.ToView(state, transactions.Prepared(call), await transactions.SentAsync(row, call, state, cancellationToken));
    }
}
