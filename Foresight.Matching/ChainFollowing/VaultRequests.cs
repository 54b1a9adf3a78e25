using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;
using Foresight.Matching.Leadership;

namespace Foresight.Matching.ChainFollowing;

/// <summary>
/// Keeps what leaves the vault by requests, and when it may be paid. The engine needs only what is free; reconciliation compares these
/// rows with the chain, so that no request is overlooked and none believed that is not there.
/// </summary>
public sealed class VaultRequests(Deployment deployment, EthereumClient client, FollowerJournal journal)
{
    private readonly VaultContract? _vault = deployment.Vault is { } vault ? new(client, vault.Address) : null;

    /// <param name="read">Purses of the vault that may have changed, as of <paramref name="block"/>.</param>
    public async Task NoteAsync(Term term, IReadOnlyList<ChainHolding> read, long block, CancellationToken cancellationToken)
    {
        if (_vault is null || read.Count == 0)
            return;
        var leaving = read.Where(purse => purse.Leaving > 0).ToList();
        var ready = await _vault.PursesAsync(
            [.. leaving.Select(purse => (purse.Account, VaultAssets.IdOf(purse.Market?.Address, purse.Outcome)))],
            block,
            cancellationToken
        );
        await journal.NoteRequestsAsync(
            term,
            [.. leaving.Zip(ready, (purse, at) => (ObservationRules.KeyOf(purse), purse.Leaving, at.ReadyBlock, at.ReadyTime))],
            [.. read.Where(purse => purse.Leaving == 0).Select(ObservationRules.KeyOf)],
            block,
            cancellationToken
        );
    }
}
