using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;

namespace Foresight.Matching.Settlement;

/// <summary>
/// Who stands for a signature that the market refuses. A contract wallet that accepted it when the leader asked has taken it back, whatever
/// code it has now: an account may take its code back too (EIP-7702). A key's signature never turns invalid, so any other order is a
/// forgery that the relayer took. Pure.
/// </summary>
public static class InvalidSignatures
{
    /// <summary>
    /// The reason as it is stored. An invalid signature's is the account for a wallet, all of whose orders then leave the book, and the
    /// order alone for a forgery, whose supposed maker has done nothing.
    /// </summary>
    public static string StoredOf(SettlementFailure failure, IEnumerable<TradeLeg> legs, TypedDataDomain domain)
    {
        if (failure.Code != SettlementFailure.InvalidSignature || failure.OrderHash is not { } hash)
            return failure.Stored();
        // The market computes the hash from the order's members, and a forged order may stand in the journal under another one.
        var leg = legs.FirstOrDefault(leg => new Hash32(leg.OrderHash) == hash || HashOf(domain, leg) == hash);
        return leg is { SignedByContract: true } ? failure.Stored() : $"{failure.Code}:{(leg is null ? hash : new Hash32(leg.OrderHash))}";
    }

    /// <returns>The hash as the market computes it from the order's members.</returns>
    public static Hash32 HashOf(TypedDataDomain domain, TradeLeg leg) => OrderSigning.OrderHash(domain, MessageOf(leg));

    public static OrderMessage MessageOf(TradeLeg leg) =>
        OrderMessage.OfUnits(new Address(leg.Maker), leg.Outcome, leg.IsBuy, leg.OrderPriceTicks, leg.OrderLots, leg.Salt, leg.Expiry);
}
