using Foresight.Chain.Rpc;
using Nethereum.ABI.Model;

namespace Foresight.Chain.Abi;

public sealed class AbiFunction(FunctionABI abi)
{
    private readonly byte[] _selector = Convert.FromHexString(abi.Sha3Signature.AsSpan(0, 8));

    public string Name => abi.Name;

    public string Signature { get; } = abi.Signature;

    public ReadOnlySpan<byte> Selector => _selector;

    public byte[] Encode(params IReadOnlyList<object?> arguments) => [.. _selector, .. AbiEncoder.Encode(abi.InputParameters, arguments)];

    /// <exception cref="FormatException">
    /// The answer does not match the function's results. An empty answer, as of an address without a contract, must not become a
    /// balance of zero.
    /// </exception>
    public AbiValues DecodeOutput(ReadOnlySpan<byte> data) => new(abi.OutputParameters, AbiDecoder.Decode(abi.OutputParameters, data));

    /// <summary>For people who are asked to sign the call.</summary>
    /// <exception cref="FormatException">The data is no call of this function.</exception>
    public IReadOnlyList<(string Name, object Value)> DecodeInput(ReadOnlySpan<byte> data)
    {
        if (!data.StartsWith(_selector))
            throw new FormatException($"Not a call of {Signature}.");
        var values = AbiDecoder.Decode(abi.InputParameters, data[4..]);
        return [.. abi.InputParameters.Select((parameter, i) => (parameter.Name, values[i]))];
    }

    public override string ToString() => Signature;
}

public sealed class AbiError(ErrorABI abi)
{
    private readonly byte[] _selector = Convert.FromHexString(abi.Sha3Signature.AsSpan(0, 8));

    public string Signature { get; } = abi.Signature;

    public ReadOnlySpan<byte> Selector => _selector;

    public bool Matches(ReadOnlySpan<byte> revertData) => revertData.StartsWith(_selector);

    public AbiValues Decode(ReadOnlySpan<byte> revertData) =>
        Matches(revertData)
            ? new(abi.InputParameters, AbiDecoder.Decode(abi.InputParameters, revertData[4..]))
            : throw new FormatException($"Not the error {Signature}.");
}

public sealed class AbiEvent(EventABI abi)
{
    private readonly Parameter[] _data = [.. abi.InputParameters.Where(p => !p.Indexed)];

    public string Signature { get; } = abi.Signature;

    public Hash32 Topic { get; } = new(Convert.FromHexString(abi.Sha3Signature));

    /// <summary>
    /// The number of topics is compared too, because <c>indexed</c> is not part of the signature: ERC-20 and ERC-721 have the same Transfer
    /// with its values in different places.
    /// </summary>
    public bool Matches(EventLog log) => log.Topics.Count == abi.InputParameters.Length - _data.Length + 1 && log.Topics[0] == Topic;

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
