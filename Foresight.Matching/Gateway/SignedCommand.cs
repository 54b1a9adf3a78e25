using System.Numerics;
using Foresight.Chain;
using Foresight.Chain.Contracts;
using Foresight.Chain.Signing;
using Foresight.Matching.Orders;
using Foresight.Protocol;

namespace Foresight.Matching.Gateway;

/// <summary>A trader's own command, with what its signature is checked by.</summary>
internal sealed record SignedCommand(LeaderCommand Command, int MarketId, Address Maker, byte[] Signature, bool ByContract)
{
    /// <summary>
    /// Whose key must have made the signature. That a registered key is the maker's and in force is looked up with the batch, because no
    /// signature proves it.
    /// </summary>
    public Address Signer { get; private init; } = Maker;

    private OrderMessage? Order { get; init; }
    private BigInteger Salt { get; init; }
    private GrantWithdrawal? Withdrawal => Command as GrantWithdrawal;

    /// <summary>True if it is signed under the vault's domain; its market, if it names one, only has its asset.</summary>
    public bool IsOfVault => Withdrawal is not null;

    /// <summary>Null if a part of the command cannot be read.</summary>
    public static SignedCommand? Read(LeaderCommand command)
    {
        switch (command)
        {
            case PlaceOrder order when Hash32.TryParse(order.Hash, out _) && Parts(order.Maker, order.Signature, order.Salt) is { } parts:
                var message = OrderMessage.OfUnits(
                    parts.Maker,
                    order.Outcome,
                    order.IsBuy,
                    order.PriceTicks,
                    order.Lots,
                    parts.Salt,
                    order.ExpirySeconds
                );
                return
                    TryReadSigner(parts.Maker, order.SigningKey, out var signer)
                    && order is { Outcome: >= 0, PriceTicks: >= 0, Lots: >= 0, ExpirySeconds: >= 0 }
                    ? new SignedCommand(order, order.MarketId, parts.Maker, parts.Signature, order.SignedByContract)
                    {
                        Order = message,
                        Signer = signer,
                    }
                    : null;
            case CancelBySalt { Signature: { } signature } cancel when Parts(cancel.Maker, signature, cancel.Salt) is { } parts:
                return TryReadSigner(parts.Maker, cancel.SigningKey, out var canceller)
                    ? new SignedCommand(cancel, cancel.MarketId, parts.Maker, parts.Signature, cancel.SignedByContract)
                    {
                        Salt = parts.Salt,
                        Signer = canceller,
                    }
                    : null;
            case GrantWithdrawal { Units: > 0, MarketId: >= 0, Outcome: >= 0 and <= byte.MaxValue, DeadlineSeconds: > 0 } grant
                when Address.TryParse(grant.Account, out var account) && SignedTexts.Signature(grant.Signature) is { } bytes:
                return new SignedCommand(grant, grant.MarketId, account, bytes, grant.SignedByContract);
            default:
                return null;
        }
    }

    /// <param name="domain">Of its market, or of the vault.</param>
    /// <param name="market">Of what is withdrawn; null for collateral.</param>
    public Hash32 DigestIn(TypedDataDomain domain, Address? market) =>
        Order is { } order ? OrderSigning.OrderHash(domain, order)
        : Withdrawal is { } one
            ? domain.Digest(
                VaultAssets.MessageOf(Maker, market, one.Outcome, one.Units, one.Nonce, one.DeadlineSeconds).RequestStructHash()
            )
        : OrderSigning.CancelHash(domain, new CancelSaltMessage(Maker, Salt));

    /// <summary>The journal identifies an order by the hash that its command claims, so that must be the hash of its content.</summary>
    public bool HasHash(Hash32 digest) => Command is not PlaceOrder order || (Hash32.TryParse(order.Hash, out var said) && said == digest);

    /// <param name="key">That is registered for the maker, if it has signed.</param>
    private static bool TryReadSigner(Address maker, string? key, out Address signer)
    {
        signer = maker;
        return key is null || Address.TryParse(key, out signer);
    }

    private static (Address Maker, byte[] Signature, BigInteger Salt)? Parts(string? maker, string? signature, string? salt) =>
        Address.TryParse(maker, out var address) && SignedTexts.Salt(salt) is { } number && SignedTexts.Signature(signature) is { } bytes
            ? (address, bytes, number)
            : null;
}
