using Foresight.Chain.Rpc;
using Nethereum.ABI.Model;

namespace Foresight.Chain.Abi;

/// <summary>A contract's function as its ABI describes it.</summary>
public sealed class AbiFunction(FunctionABI abi)
{
    private readonly byte[] _selector = Convert.FromHexString(abi.Sha3Signature.AsSpan(0, 8));

    public string Name => abi.Name;

    /// <summary>Canonical; its hash's first four bytes are the selector.</summary>
    public string Signature { get; } = abi.Signature;

    public ReadOnlySpan<byte> Selector => _selector;

    /// <summary>Selector and arguments: a transaction's or call's data.</summary>
    public byte[] Encode(params IReadOnlyList<object?> arguments) => [.. _selector, .. AbiEncoder.Encode(abi.InputParameters, arguments)];

    /// <exception cref="FormatException">The answer does not have the shape of the function's results.</exception>
    public AbiValues DecodeOutput(ReadOnlySpan<byte> data) => new(abi.OutputParameters, AbiDecoder.Decode(abi.OutputParameters, data));

    public override string ToString() => Signature;
}

/// <summary>A custom error.</summary>
public sealed class AbiError(ErrorABI abi)
{
    private readonly byte[] _selector = Convert.FromHexString(abi.Sha3Signature.AsSpan(0, 8));

    public string Signature { get; } = abi.Signature;

    public ReadOnlySpan<byte> Selector => _selector;

    public bool Matches(ReadOnlySpan<byte> revertData) => revertData.StartsWith(_selector);

    /// <exception cref="FormatException">Another error, or malformed values.</exception>
    public AbiValues Decode(ReadOnlySpan<byte> revertData) =>
        Matches(revertData)
            ? new(abi.InputParameters, AbiDecoder.Decode(abi.InputParameters, revertData[4..]))
            : throw new FormatException($"Not the error {Signature}.");
}

/// <summary>A contract's event.</summary>
public sealed class AbiEvent(EventABI abi)
{
    private readonly Parameter[] _data = [.. abi.InputParameters.Where(p => !p.Indexed)];

    public string Signature { get; } = abi.Signature;

    /// <summary>The first topic of its logs.</summary>
    public Hash32 Topic { get; } = new(Convert.FromHexString(abi.Sha3Signature));

    /// <summary>
    /// Is it this event? The number of topics counts too: <c>indexed</c> is not part of the signature, so another contract's
    /// event of the same signature may have its values elsewhere (ERC-20's and ERC-721's Transfer).
    /// </summary>
    public bool Matches(EventLog log) => log.Topics.Count == abi.InputParameters.Length - _data.Length + 1 && log.Topics[0] == Topic;

    /// <exception cref="FormatException">Not this event, or malformed data.</exception>
    public AbiValues Decode(EventLog log)
    {
        if (!Matches(log))
            throw new FormatException($"The log is not an event {Signature} with its number of indexed values.");
        var data = AbiDecoder.Decode(_data, log.Data);
        var (topic, next) = (1, 0);
        Span<byte> word = stackalloc byte[Word.Size];
        var values = new object[abi.InputParameters.Length];
        for (var i = 0; i < values.Length; i++)
        {
            if (!abi.InputParameters[i].Indexed)
            {
                values[i] = data[next++];
                continue;
            }

            log.Topics[topic++].CopyTo(word);
            values[i] = AbiDecoder.DecodeWord(abi.InputParameters[i].Type, word);
        }

        return new AbiValues(abi.InputParameters, values);
    }
}
