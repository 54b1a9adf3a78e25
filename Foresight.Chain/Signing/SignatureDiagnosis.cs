using System.Numerics;

namespace Foresight.Chain.Signing;

/// <param name="DomainField">chainId, verifyingContract, name or version; null if no single field explains the signature.</param>
public sealed record SignatureDiagnosis(
    SignatureFault Fault,
    Hash32 ExpectedDigest,
    Address Recovered,
    string? DomainField,
    string? DomainValue,
    string Text
);

/// <summary>
/// Each guess costs a signature recovery, so their number is bounded, and callers are subject to the rate limit of failed requests.
/// </summary>
public sealed class SignatureDiagnostician
{
    /// <summary>A recovery takes about 40 µs, so a diagnosis takes at most 2.6 ms.</summary>
    public const int GuessLimit = 64;

    // A wallet may be connected to one of these by mistake: Ethereum, Optimism, BNB, Gnosis, Polygon, Base, Arbitrum, their test networks,
    // and the default ids of development chains.
    private static readonly BigInteger[] UsualChains =
    [
        1,
        10,
        56,
        100,
        137,
        8453,
        42161,
        11155111,
        11155420,
        84532,
        421614,
        80002,
        1337,
        31337,
    ];

    private static readonly string[] UsualVersions = ["", "0", "1", "1.0", "1.0.0", "2"];
    private static readonly string[] UsualNames =
    [
        "",
        "Foresight",
        "Foresight Exchange",
        "ForesightMarket",
        "foresight market",
        "Foresight market",
        "Market",
    ];

    private readonly Address[] _knownMarkets;

    /// <param name="knownMarkets">An order may have been signed for one of them by mistake.</param>
    public SignatureDiagnostician(IEnumerable<Address> knownMarkets) => _knownMarkets = [.. knownMarkets, Address.Zero];

    public SignatureDiagnosis Explain(TypedDataDomain domain, Hash32 structHash, ReadOnlySpan<byte> signature, Address maker)
    {
        var expected = domain.Digest(structHash);
        var fault = EcdsaSignature.Recover(expected, signature, out var recovered);
        if (fault != SignatureFault.None)
            return new(fault, expected, Address.Zero, null, null, Sentence(fault, signature));
        if (recovered == maker)
            return new(fault, expected, recovered, null, null, "The signature holds.");

        var guesses = 0;
        foreach (var (field, value, guess) in OtherDomains(domain))
        {
            if (guesses++ == GuessLimit)
                break;
            if (EcdsaSignature.Recover(guess.Digest(structHash), signature, out var signer) == SignatureFault.None && signer == maker)
            {
                return new(
                    fault,
                    expected,
                    recovered,
                    field,
                    value,
                    $"It was signed for another domain: {field} was {(value.Length == 0 ? "empty" : value)}, and must be "
                        + $"{FieldOf(domain, field)}."
                );
            }
        }

        return new(
            fault,
            expected,
            recovered,
            null,
            null,
            $"It was signed by {recovered}, not by the maker {maker}, or a field of the message differs from what was signed; "
                + $"expected digest {expected}."
        );
    }

    private IEnumerable<(string Field, string Value, TypedDataDomain Guess)> OtherDomains(TypedDataDomain domain)
    {
        foreach (var chain in UsualChains)
        {
            if (chain != domain.ChainId)
                yield return ("chainId", chain.ToString(), new(domain.Name, domain.Version, chain, domain.VerifyingContract));
        }

        foreach (var version in UsualVersions)
        {
            if (version != domain.Version)
                yield return ("version", version, new(domain.Name, version, domain.ChainId, domain.VerifyingContract));
        }

        foreach (var name in UsualNames)
        {
            if (name != domain.Name)
                yield return ("name", name, new(name, domain.Version, domain.ChainId, domain.VerifyingContract));
        }

        foreach (var market in _knownMarkets)
        {
            if (market != domain.VerifyingContract)
                yield return ("verifyingContract", market.ToString(), new(domain.Name, domain.Version, domain.ChainId, market));
        }
    }

    private static string FieldOf(TypedDataDomain domain, string field) =>
        field switch
        {
            "chainId" => domain.ChainId.ToString(),
            "version" => domain.Version,
            "name" => domain.Name,
            _ => domain.VerifyingContract.ToString(),
        };

    private static string Sentence(SignatureFault fault, ReadOnlySpan<byte> signature) =>
        fault switch
        {
            SignatureFault.WrongLength when signature.Length == 64 =>
                "The signature has 64 bytes (EIP-2098's short form); 65 are needed: r, s, v.",
            SignatureFault.WrongLength => $"The signature has {signature.Length} bytes; 65 are needed: r, s, v.",
            SignatureFault.WrongV => $"The signature's last byte v is {signature[64]}; it must be 27 or 28.",
            SignatureFault.HighS => "The signature's s is above half the group order (the malleable twin); sign with low s.",
            _ => "The signature's r and s belong to no key.",
        };
}
