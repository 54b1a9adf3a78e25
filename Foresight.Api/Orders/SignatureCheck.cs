using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Orders;

/// <param name="Bytes">The signature to pass on, which may have another form than the one received.</param>
/// <param name="ByContract">True if the maker is a contract that accepts the signature; false if its key made it.</param>
public readonly record struct CheckedSignature(byte[] Bytes, Problem? Problem, bool ByContract = false)
{
    public static implicit operator CheckedSignature(Problem problem) => new([], problem);
}

/// <summary>
/// A key's signature is passed on in one form, whichever the wallet has sent; see <see cref="EcdsaSignature.Normalize"/>. That of a
/// contract wallet is passed on as it came, because only the wallet knows what its bytes mean.
/// </summary>
public sealed class SignatureCheck(ContractWallets wallets, MarketCatalog markets)
{
    public async ValueTask<CheckedSignature> CheckAsync(
        TypedDataDomain domain,
        Hash32 structHash,
        WalletQuestion question,
        CancellationToken cancellationToken
    )
    {
        var (maker, digest, signature) = (question.Maker, question.Digest, question.Signature);
        var normal = EcdsaSignature.Normalize(signature);
        if (OrderSigning.Check(digest, normal, maker).IsValid)
            return new(normal, null);
        switch (await wallets.AskAsync(question, cancellationToken))
        {
            case WalletAnswer.Valid:
                return new(signature, null, ByContract: true);
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
            normal,
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
