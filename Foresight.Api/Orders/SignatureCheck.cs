using Foresight.Api.Markets;
using Foresight.Api.Problems;
using Foresight.Chain;
using Foresight.Chain.Signing;
using Foresight.Protocol;

namespace Foresight.Api.Orders;

/// <param name="Bytes">The signature to pass on, which may have another form than the one received.</param>
/// <param name="ByContract">True if the maker is a contract that accepts the signature; false if its key made it.</param>
/// <param name="ByKey">The key that made it, if the maker has announced that at the vault and it is not their own.</param>
public readonly record struct CheckedSignature(byte[] Bytes, Problem? Problem, bool ByContract = false, Address? ByKey = null)
{
    public static implicit operator CheckedSignature(Problem problem) => new([], problem);
}

/// <summary>
/// A key's signature is passed on in one form, whichever the wallet has sent; see <see cref="EcdsaSignature.Normalize"/>. That of a
/// contract wallet is passed on as it came, because only the wallet knows what its bytes mean.
/// </summary>
public sealed class SignatureCheck(ContractWallets wallets, AnnouncedKeys keys, MarketCatalog markets)
{
    /// <param name="mayBeByKey">
    /// A key that the maker announced at the vault may have signed; its contract is not asked then, because the vault never does.
    /// </param>
    public async ValueTask<CheckedSignature> CheckAsync(
        TypedDataDomain domain,
        Hash32 structHash,
        WalletQuestion question,
        CancellationToken cancellationToken,
        bool mayBeByKey = false
    )
    {
        var (maker, digest, signature) = (question.Maker, question.Digest, question.Signature);
        var normal = EcdsaSignature.Normalize(signature);
        var check = OrderSigning.Check(digest, normal, maker);
        if (check.IsValid)
            return new(normal, null);
        if (mayBeByKey && !check.Recovered.IsZero && await keys.HasAsync(maker, check.Recovered, cancellationToken))
            return new(normal, null, ByKey: check.Recovered);
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
