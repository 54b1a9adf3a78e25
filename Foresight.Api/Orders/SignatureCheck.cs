using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Orders;

/// <summary>
/// Verifies the maker's signature, by its own key or through ERC-1271. A refusal carries the details a trader needs to correct it.
/// </summary>
public sealed class SignatureCheck(ContractWallets wallets, MarketCatalog markets)
{
    public async ValueTask<Problem?> CheckAsync(
        TypedDataDomain domain,
        Hash32 structHash,
        Hash32 digest,
        byte[] signature,
        Address maker,
        CancellationToken cancellationToken
    )
    {
        if (OrderSigning.Check(digest, signature, maker).IsValid)
            return null;
        switch (await wallets.AskAsync(maker, digest, signature, cancellationToken))
        {
            case WalletAnswer.Valid:
                return null;
            case WalletAnswer.Unknown:
                return Problem.Unavailable(
                    "The maker's key did not sign this order, and the chain is unavailable to check whether the maker is a contract that "
                        + "accepts the signature."
                );
            case WalletAnswer.Invalid:
                return new Problem(
                    ProblemCodes.InvalidSignature,
                    $"The maker {maker} is a contract, and its isValidSignature refuses the signature."
                )
                {
                    More = new Dictionary<string, object?> { ["expectedDigest"] = digest.ToString() },
                };
        }

        var diagnosis = new SignatureDiagnostician(markets.Known.Select(market => market.Address)).Explain(
            domain,
            structHash,
            signature,
            maker
        );
        return new Problem(ProblemCodes.InvalidSignature, diagnosis.Text)
        {
            More = new Dictionary<string, object?>
            {
                ["expectedDigest"] = diagnosis.ExpectedDigest.ToString(),
                ["recoveredAddress"] = diagnosis.Recovered.IsZero ? null : diagnosis.Recovered.ToString(),
                ["domainField"] = diagnosis.DomainField,
                ["domainValue"] = diagnosis.DomainValue,
            },
        };
    }
}
