using System.Globalization;

namespace Foresight.Chain.Abi;

/// <summary>Reads Solidity's own notation of types, parameters and signatures.</summary>
internal sealed class AbiParser(string text)
{
    private int _at;

    public T Whole<T>(Func<AbiParser, T> part)
    {
        var result = part(this);
        SkipSpace();
        return _at == text.Length ? result : throw Error("unexpected text");
    }

    public AbiType Type()
    {
        SkipSpace();
        AbiType type;
        if (Peek() == '(')
        {
            type = AbiType.TupleOf(Parameters());
        }
        else
        {
            var word = Identifier();
            type = word == "tuple" && Peek() == '(' ? AbiType.TupleOf(Parameters()) : AbiType.Elementary(word);
        }

        while (Peek() == '[')
        {
            var close = text.IndexOf(']', _at);
            if (close < 0) throw Error("a '[' without ']'");
            var length = text[(_at + 1)..close];
            if (length.Length == 0) type = AbiType.ArrayOf(type);
            else if (int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
                type = AbiType.ArrayOf(type, count);
            else throw Error("an array length that is no number");
            _at = close + 1;
        }

        return type;
    }

    public IReadOnlyList<AbiParameter> Parameters()
    {
        Expect('(');
        var parameters = new List<AbiParameter>();
        SkipSpace();
        if (Peek() == ')')
        {
            _at++;
            return parameters;
        }

        while (true)
        {
            parameters.Add(Parameter());
            SkipSpace();
            if (Peek() == ')') break;
            Expect(',');
        }

        _at++;
        return parameters;
    }

    public string Identifier()
    {
        SkipSpace();
        var start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '$')) _at++;
        return _at > start ? text[start.._at] : throw Error("a name or type is missing");
    }

    /// <summary>Moves past <paramref name="word"/> where it comes next.</summary>
    public bool TryWord(string word)
    {
        SkipSpace();
        var start = _at;
        if (_at < text.Length && char.IsAsciiLetter(text[_at]) && Identifier() == word) return true;
        _at = start;
        return false;
    }

    private AbiParameter Parameter()
    {
        var type = Type();
        var (name, indexed) = ("", false);
        SkipSpace();
        while (Peek() is not (',' or ')' or '\0'))
        {
            var word = Identifier();
            if (word == "indexed") indexed = true;
            else if (word is not ("memory" or "calldata" or "payable")) name = word;
            SkipSpace();
        }

        return new AbiParameter(name, type, indexed);
    }

    private char Peek() => _at < text.Length ? text[_at] : '\0';

    private void Expect(char c)
    {
        SkipSpace();
        if (Peek() != c) throw Error($"'{c}' is missing");
        _at++;
    }

    private void SkipSpace()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at])) _at++;
    }

    private FormatException Error(string what) => new($"ABI signature '{Hex.Shorten(text)}': {what} at character {_at + 1}.");
}
