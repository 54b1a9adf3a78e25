using Foresight.Chain.Rpc;

namespace Foresight.Chain.Abi;

/// <summary>A contract's function, from text such as <c>function transfer(address to, uint256 amount) returns (bool)</c>.</summary>
public sealed class AbiFunction
{
    private readonly byte[] _selector;

    private AbiFunction(string name, IReadOnlyList<AbiParameter> inputs, IReadOnlyList<AbiParameter> outputs)
    {
        (Name, Inputs, Outputs) = (name, inputs, outputs);
        Signature = $"{name}({string.Join(',', inputs.Select(i => i.Type.Name))})";
        _selector = Keccak256.HashText(Signature).ToBytes()[..4];
    }

    public string Name { get; }
    public IReadOnlyList<AbiParameter> Inputs { get; }
    public IReadOnlyList<AbiParameter> Outputs { get; }

    /// <summary>Canonical; its hash's first four bytes are the selector.</summary>
    public string Signature { get; }

    public ReadOnlySpan<byte> Selector => _selector;

    public static AbiFunction Parse(string text) => new AbiParser(text).Whole(p =>
    {
        p.TryWord("function");
        var name = p.Identifier();
        var inputs = p.Parameters();
        IReadOnlyList<AbiParameter> outputs = [];
        while (p.TryWord("external") || p.TryWord("public") || p.TryWord("view") || p.TryWord("pure") || p.TryWord("payable"))
        {
        }

        if (p.TryWord("returns")) outputs = p.Parameters();
        return new AbiFunction(name, inputs, outputs);
    });

    /// <summary>Selector and arguments: a transaction's or call's data.</summary>
    public byte[] Encode(params IReadOnlyList<object?> arguments) => [.. _selector, .. AbiEncoder.Encode(Inputs, arguments)];

    public AbiValues DecodeOutput(ReadOnlySpan<byte> data) => new(Outputs, AbiDecoder.Decode(Outputs, data));

    /// <exception cref="FormatException">Another function's call, or malformed arguments.</exception>
    public AbiValues DecodeCall(ReadOnlySpan<byte> data)
        => data.StartsWith(_selector)
            ? new(Inputs, AbiDecoder.Decode(Inputs, data[4..]))
            : throw new FormatException($"Not a call of {Signature}.");

    public override string ToString() => Signature;
}

/// <summary>A custom error, from text such as <c>error Expired(bytes32 orderHash)</c>.</summary>
public sealed class AbiError
{
    private readonly AbiFunction _shape;

    private AbiError(AbiFunction shape) => _shape = shape;

    public string Name => _shape.Name;
    public string Signature => _shape.Signature;
    public ReadOnlySpan<byte> Selector => _shape.Selector;

    public static AbiError Parse(string text) =>
        new(AbiFunction.Parse(text.StartsWith("error ", StringComparison.Ordinal) ? text[6..] : text));

    public bool Matches(ReadOnlySpan<byte> revertData) => revertData.StartsWith(_shape.Selector);

    public AbiValues Decode(ReadOnlySpan<byte> revertData) => _shape.DecodeCall(revertData);
}

/// <summary>An event, from text such as <c>event Transfer(address indexed from, address indexed to, uint256 value)</c>.</summary>
public sealed class AbiEvent
{
    private readonly AbiParameter[] _indexed;
    private readonly AbiParameter[] _data;

    private AbiEvent(string name, IReadOnlyList<AbiParameter> parameters)
    {
        (Name, Parameters) = (name, parameters);
        _indexed = [.. parameters.Where(p => p.IsIndexed)];
        _data = [.. parameters.Where(p => !p.IsIndexed)];
        Signature = $"{name}({string.Join(',', parameters.Select(p => p.Type.Name))})";
        Topic = Keccak256.HashText(Signature);
    }

    public string Name { get; }
    public IReadOnlyList<AbiParameter> Parameters { get; }
    public string Signature { get; }

    /// <summary>The first topic of its logs.</summary>
    public Hash32 Topic { get; }

    public static AbiEvent Parse(string text) => new AbiParser(text).Whole(p =>
    {
        p.TryWord("event");
        return new AbiEvent(p.Identifier(), p.Parameters());
    });

    /// <summary>
    /// Is it this event? The number of topics counts too: <c>indexed</c> is not part of the signature, so another contract's
    /// event of the same signature may have its values elsewhere (ERC-20's and ERC-721's Transfer).
    /// </summary>
    public bool Matches(EventLog log) => log.Topics.Count == _indexed.Length + 1 && log.Topics[0] == Topic;

    /// <exception cref="FormatException">Not this event, or malformed data.</exception>
    public AbiValues Decode(EventLog log)
    {
        if (!Matches(log)) throw new FormatException($"The log is not an event {Signature} with {_indexed.Length} indexed values.");
        var data = AbiDecoder.Decode(_data, log.Data);
        var (topic, next) = (1, 0);
        var values = new object[Parameters.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Parameters[i].IsIndexed ? OfTopic(Parameters[i].Type, log.Topics[topic++]) : data[next++];
        return new AbiValues(Parameters, values);
    }

    /// <summary>A filter's topic for one indexed value.</summary>
    public static Hash32 TopicOf(AbiType type, object value)
    {
        Span<byte> word = stackalloc byte[Word.Size];
        AbiEncoder.EncodeWord(word, type, value);
        return new Hash32(word);
    }

    public static Hash32 TopicOf(Address address)
    {
        Span<byte> word = stackalloc byte[Word.Size];
        Word.Write(address, word);
        return new Hash32(word);
    }

    public override string ToString() => Signature;

    // Of values that do not fit into one word the topic is a hash: that is all the log holds of them.
    private static object OfTopic(AbiType type, Hash32 topic)
    {
        if (type.IsDynamic || type.Kind is AbiKind.Tuple or AbiKind.FixedArray) return topic;
        Span<byte> word = stackalloc byte[Word.Size];
        topic.CopyTo(word);
        return AbiDecoder.DecodeWord(type, word);
    }
}
