using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace SyscallExplorer.Linux;

/// <summary>The text of a call while it is written, with all that its arguments are read from.</summary>
internal sealed class CallText(SyscallInvocation call, ISyscallMemory memory, StraceOptions options)
{
    private readonly StringBuilder _text = new();

    /// <summary>The call.</summary>
    public SyscallInvocation Call => call;

    /// <summary>The caller's memory as it is now.</summary>
    public ISyscallMemory Memory => memory;

    /// <summary>How many bytes of a buffer are shown.</summary>
    public int StringLimit => options.StringLimit;

    /// <summary>Bytes in a word of the caller.</summary>
    public int WordSize => call.IsCompat ? 4 : 8;

    /// <summary>Called by the 32-bit interface.</summary>
    public bool IsCompat => call.IsCompat;

    /// <summary>What the call returned, null at entry.</summary>
    public long? Result { get; init; }

    /// <summary>The call has ended with an error.</summary>
    public bool Failed => Result is { } result && ErrorNames.IsError(result);

    /// <summary>The call that <c>restart_syscall</c> goes on with.</summary>
    public string? Interrupted { get; init; }

    /// <summary>An input is written only now, after a call that has failed; then nothing is read for it.</summary>
    public bool IsTooLate { get; set; }

    /// <summary>What the kinds of arguments put aside at entry, by register.</summary>
    public ImmutableDictionary<int, string> Noted { get; init; } = ImmutableDictionary<int, string>.Empty;

    /// <summary>An argument as an unsigned word.</summary>
    public ulong this[int slot] => call.Arguments[slot];

    /// <summary>An argument of type int.</summary>
    public int Int(int slot) => (int)call.Arguments[slot];

    /// <summary>An argument of type unsigned int.</summary>
    public uint UInt(int slot) => (uint)call.Arguments[slot];

    /// <summary>An argument of type long.</summary>
    public long Long(int slot) => IsCompat ? (int)call.Arguments[slot] : (long)call.Arguments[slot];

    /// <summary>A 64-bit argument, which a 32-bit call passes in two.</summary>
    public ulong Wide(int slot) => IsCompat ? call.Arguments[slot] | (call.Arguments[slot + 1] << 32) : call.Arguments[slot];

    /// <summary>What a kind would write, without writing it here.</summary>
    public string Aside(ArgumentKind kind, int slot)
    {
        var aside = new CallText(call, memory, options);
        kind.Entry?.Invoke(aside, slot);
        return aside.ToString();
    }

    /// <summary>Writes text as it is.</summary>
    public CallText Write(string text)
    {
        _text.Append(text);
        return this;
    }

    /// <summary>Writes a decimal number.</summary>
    public CallText Number(long value)
    {
        _text.Append(CultureInfo.InvariantCulture, $"{value}");
        return this;
    }

    /// <summary>Writes a decimal number.</summary>
    public CallText Number(ulong value)
    {
        _text.Append(CultureInfo.InvariantCulture, $"{value}");
        return this;
    }

    /// <summary>Writes a user or a group; all ones are <c>-1</c>.</summary>
    public CallText User(uint value) => Number(value == uint.MaxValue ? -1L : value);

    /// <summary>Writes a user or a group of 16 bits; all ones are <c>-1</c>.</summary>
    public CallText ShortUser(ushort value) => Number(value == ushort.MaxValue ? -1L : value);

    /// <summary>Writes a hexadecimal number; 0 stays <c>0</c>.</summary>
    public CallText Hexadecimal(ulong value) => Write(value == 0 ? "0" : $"0x{value:x}");

    /// <summary>Writes an address; 0 is <c>NULL</c>.</summary>
    public CallText Address(ulong value) => Write(value == 0 ? "NULL" : $"0x{value:x}");

    /// <summary>Writes permissions: octal, with at least three digits.</summary>
    public CallText Octal(ulong value)
    {
        string digits = Convert.ToString((long)value, 8);
        return Write(value == 0 ? "000" : ("0" + digits).PadLeft(3, '0'));
    }

    /// <summary>Reads bytes of the caller, or null where any of them cannot be read, or no longer hold what the call was given.</summary>
    public byte[]? Read(ulong address, int length)
    {
        if (IsTooLate)
            return null;
        var bytes = new byte[length];
        return length == 0 || (address != 0 && memory.TryRead(address, bytes)) ? bytes : null;
    }

    /// <summary>Reads a structure of the caller, or null.</summary>
    public StructureReader? Structure(ulong address, int length) => Read(address, length) is { } bytes ? new StructureReader(bytes, IsCompat) : null;

    /// <summary>Reads an int of the caller, or null.</summary>
    public int? ReadInt(ulong address) => Structure(address, sizeof(int))?.Int32();

    /// <summary>Reads a word of the caller, or null.</summary>
    public ulong? ReadWord(ulong address) => Structure(address, WordSize)?.Word();

    /// <summary>Writes items between brackets.</summary>
    public CallText List<T>(IEnumerable<T> items, Action<T> write)
    {
        Write("[");
        bool first = true;
        foreach (T item in items)
        {
            if (!first)
                Write(", ");
            first = false;
            write(item);
        }

        return Write("]");
    }

    /// <summary>Writes an array of the caller item by item, up to the string limit, or to the first item that cannot be read.</summary>
    public void Array(ulong address, ulong count, int itemSize, Action<StructureReader> write)
    {
        bool tooMany = count > ulong.MaxValue / (ulong)itemSize;
        if (address == 0 || tooMany || (count > 0 && Read(address, itemSize) is null))
        {
            Address(address);
            return;
        }

        Write("[");
        for (ulong index = 0; index < count; index++)
        {
            ulong place = address + index * (ulong)itemSize;
            if (index > 0)
                Write(", ");
            if (index >= (ulong)StringLimit)
            {
                Write("...");
                break;
            }

            if (Structure(place, itemSize) is not { } item)
            {
                Write($"... /* 0x{place:x} */");
                break;
            }

            write(item);
        }

        Write("]");
    }

    /// <inheritdoc/>
    public override string ToString() => _text.ToString();
}
