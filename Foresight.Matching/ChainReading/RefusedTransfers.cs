using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Rpc;

namespace Foresight.Matching.ChainReading;

/// <summary>
/// The issuer can block either side of a transfer, and the contract reports only that the payer had the money, so transfers to and from a
/// neutral contract are simulated. Their amount is zero, because a balance that has changed since must not look like a block.
/// </summary>
public sealed class RefusedTransfers(Deployment deployment, EthereumClient client)
{
    public async Task<SettlementFailure> NameAsync(SettlementFailure failure, BlockRef block, CancellationToken cancellationToken)
    {
        if (failure.Transfer is not { } refused)
            return failure;
        var (neutral, other) = (deployment.Factory, deployment.OutcomeToken);
        var works = (
            await client.CallManyAsync(
                [Move(neutral, other), Move(refused.From, neutral), Move(neutral, refused.To)],
                block,
                cancellationToken
            )
        )
            .Select(r => r.Revert is null && (r.Data.Length < 32 || !Word.Read(r.Data).IsZero))
            .ToList();
        return failure with { Account = GuiltyOf(refused, tokenWorks: works[0], payerPays: works[1], payeeIsPaid: works[2]) };
    }

    /// <summary>
    /// Null if the token refuses everyone, or serves both sides: then no trader is responsible. Names the payer if both are blocked.
    /// </summary>
    public static Address? GuiltyOf(RefusedTransfer refused, bool tokenWorks, bool payerPays, bool payeeIsPaid) =>
        !tokenWorks ? null
        : !payerPays ? refused.From
        : !payeeIsPaid ? refused.To
        : null;

    private CallRequest Move(Address from, Address to) => new(deployment.Usdc, UsdcContract.Transfer(to, 0), from);
}
