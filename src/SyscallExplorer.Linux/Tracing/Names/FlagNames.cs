namespace SyscallExplorer.Linux;

/// <summary>Names of bits, in the order in which they are listed.</summary>
/// <param name="unknown">What stands for a value without any known bit, such as <c>O_???</c>.</param>
/// <param name="bits">Names and bits; one of several bits comes before those that it contains. A name for 0 is used when no bit is set.</param>
internal sealed class FlagNames(string unknown, params (string Name, ulong Bits)[] bits)
{
    /// <summary>Names and bits in the order in which they are listed.</summary>
    public IReadOnlyList<(string Name, ulong Bits)> Bits => bits;

    /// <summary>Such as <c>MS_SYNC|0x80</c>, <c>0</c>, or <c>0x80 /* MS_??? */</c>.</summary>
    public string Format(ulong value)
    {
        (List<string> names, ulong rest) = Known(value);
        if (names.Count == 0)
            return rest != 0 ? $"0x{rest:x} /* {unknown} */" : bits.FirstOrDefault(bit => bit.Bits == 0).Name ?? "0";
        if (rest != 0)
            names.Add($"0x{rest:x}");
        return string.Join('|', names);
    }

    /// <summary>What follows a part that is already written: such as <c>|O_CREAT|0x8</c>, or nothing.</summary>
    public string FormatFurther(ulong value)
    {
        (List<string> names, ulong rest) = Known(value);
        if (rest != 0)
            names.Add($"0x{rest:x}");
        return string.Concat(names.Select(name => "|" + name));
    }

    private (List<string> Names, ulong Unnamed) Known(ulong value)
    {
        var names = new List<string>();
        foreach ((string name, ulong set) in bits)
        {
            if (set == 0 || (value & set) != set)
                continue;
            names.Add(name);
            value &= ~set;
        }

        return (names, value);
    }
}
