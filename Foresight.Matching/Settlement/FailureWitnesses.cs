using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;
using Foresight.Matching.ChainReading;

namespace Foresight.Matching.Settlement;

/// <summary>
/// A trade that fails in simulation fails for good, and its maker may be blamed, so one endpoint's word is not enough while others are well
/// (docs/decisions/0662).
/// </summary>
public sealed class FailureWitnesses(EthereumClient client)
{
    /// <summary>
    /// In looks at the chain, of which each is at a newer block. A witness may be that many blocks late and still count as well, so after
    /// these one without an answer will not give it.
    /// </summary>
    public const int MostLooks = (int)EndpointRules.LagLimit + 2;

    /// <summary>
    /// A claim ends when the trade would settle, or when its failure is stored, neither of which comes for one that another holder of the
    /// term has settled. The claim of the lowest trade id goes first, and if its trade comes again, its looks are counted from the
    /// beginning.
    /// </summary>
    public const int MaxOpen = 1_024;

    private readonly SortedDictionary<long, Claim> _open = [];

    /// <param name="Block">Of the first look, because an endpoint that is always a block late never has the newest.</param>
    private sealed record Claim(string Code, BlockRef Block, int Looks);

    /// <returns>Why nothing can be decided about the trade now; null if its failure can be believed.</returns>
    public async Task<string?> DoubtAsync(
        long tradeId,
        CallRequest call,
        SettlementFailure failure,
        BlockRef ground,
        CancellationToken cancellationToken
    )
    {
        var claim = _open.TryGetValue(tradeId, out var open) ? open : null;
        if (claim?.Code != failure.Code)
            claim = new Claim(failure.Code, ground, Looks: 0);
        var isWaiting = false;
        foreach (var endpoint in client.WellEndpoints)
        {
            // A reorganisation may have taken the first look's block.
            var code =
                await CodeAsync(endpoint, call, claim.Block, cancellationToken)
                ?? await CodeAsync(endpoint, call, ground, cancellationToken);
            if (code is null)
                isWaiting = true;
            else if (code != claim.Code)
            {
                _open.Remove(tradeId);
                return Contradict($"endpoints contradict each other about trade {tradeId}: {claim.Code}, and {code}");
            }
        }

        var isBelieved = !isWaiting || claim.Looks >= MostLooks;
        if (_open.Count >= MaxOpen && !_open.ContainsKey(tradeId))
            _open.Remove(_open.First().Key);
        _open[tradeId] = isBelieved ? claim : claim with { Looks = claim.Looks + 1 };
        if (isBelieved)
            return null;
        return $"trade {tradeId} would fail ({claim.Code}), says one endpoint, and another does not have its block yet";
    }

    /// <summary>The endpoint that answered is asked last for a while, so that the next look has another one's answer.</summary>
    /// <returns>The reason.</returns>
    public string Contradict(string reason)
    {
        client.Distrust(reason);
        return reason;
    }

    public void Forget(long tradeId) => _open.Remove(tradeId);

    /// <returns>Null if the endpoint cannot answer for this block.</returns>
    private static async Task<string?> CodeAsync(
        EthereumClient endpoint,
        CallRequest call,
        BlockRef block,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var result = (await endpoint.CallManyAsync([call], block, cancellationToken))[0];
            return result.Revert is { } revert ? SettlementFailure.Decode(revert.RevertData).Code : "settles";
        }
        catch (RpcException)
        {
            return null;
        }
    }
}
