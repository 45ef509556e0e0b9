using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>The register sets of a tracee, by the types of notes that core files have for them. include/uapi/linux/elf.h.</summary>
internal sealed class TraceeRegisterSets(LinuxMachine machine, TaskState task)
{
    /// <summary>NT_X86_XSTATE.</summary>
    public const int ExtendedState = 0x202;

    /// <summary>Bytes of <c>struct user_desc</c>.</summary>
    public const int ThreadAreaSize = 16;

    private const int GeneralNote = 1, FloatNote = 2, ThreadAreasNote = 0x200, ExtendedFloatNote = 0x46E6_2B7F;

    private readonly TraceeRegisters _registers = new(machine, task);
    private readonly TraceeFloats _floats = new(machine, task);
    private readonly GuestTask _guest = machine.Tasks.Guest(task);

    private bool IsCompat => !_registers.IsNative;

    /// <summary>A set of the tracee's own kind.</summary>
    /// <param name="note">Its type.</param>
    /// <param name="unit">Bytes that a transfer is a multiple of.</param>
    /// <returns>Its bytes, or null where there is no such set.</returns>
    public byte[]? Find(int note, out int unit)
    {
        unit = note == ExtendedState || !IsCompat ? 8 : note == ThreadAreasNote ? ThreadAreaSize : 4;
        return note switch
        {
            GeneralNote => General(IsCompat),
            FloatNote => Floats(IsCompat),
            ExtendedFloatNote when IsCompat => Floats(compat: false),
            ThreadAreasNote when IsCompat =>
                [.. Enumerable.Range(machine.Architecture.FirstTls, Selectors.TlsEntries).SelectMany(entry => ThreadArea(entry) ?? [])],
            ExtendedState => _floats.Xsave(),
            _ => null,
        };
    }

    /// <summary>Sets a part of a set, from its beginning.</summary>
    public long Set(int note, byte[] given) => note switch
    {
        GeneralNote => SetGeneral(given, IsCompat),
        FloatNote => SetFloats(given, IsCompat),
        ExtendedFloatNote => SetFloats(given, compat: false),
        ExtendedState => _floats.SetXsave(given),
        _ => SetThreadAreas(given),
    };

    /// <summary>The general registers in either view.</summary>
    public byte[] General(bool compat)
    {
        byte[] bytes = new byte[compat ? TraceeRegisters.CompatCount * 4 : TraceeRegisters.Count * 8];
        for (int i = 0; i < (compat ? TraceeRegisters.CompatCount : TraceeRegisters.Count); i++)
        {
            if (compat)
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), _registers.Compat(i));
            else
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * 8), _registers[i]);
        }

        return bytes;
    }

    /// <summary>Sets them in order; what the kernel refuses ends it.</summary>
    public long SetGeneral(byte[] given, bool compat)
    {
        long error = 0;
        int word = compat ? 4 : 8;
        for (int i = 0; i < given.Length / word && error == 0; i++)
        {
            error = compat
                ? _registers.SetCompat(i, BinaryPrimitives.ReadUInt32LittleEndian(given.AsSpan(i * 4)))
                : _registers.Set(i, BinaryPrimitives.ReadUInt64LittleEndian(given.AsSpan(i * 8)));
        }

        return error;
    }

    public byte[] Floats(bool compat) => compat ? _floats.Fsave() : _floats.Fxsave();

    public long SetFloats(byte[] given, bool compat) => compat ? _floats.SetFsave(given) : _floats.SetFxsave(given);

    /// <summary>A TLS entry of the GDT as <c>struct user_desc</c>, or null where there is no such entry.</summary>
    public byte[]? ThreadArea(int entry)
    {
        if (entry < machine.Architecture.FirstTls || entry >= machine.Architecture.FirstTls + Selectors.TlsEntries)
            return null;
        byte[] bytes = new byte[ThreadAreaSize];
        UserDescriptor.Decode(entry, _guest[TaskLayout.TlsArray + (entry - machine.Architecture.FirstTls) * 8]).Write(bytes);
        return bytes;
    }

    public long SetThreadArea(int entry, ReadOnlySpan<byte> given)
    {
        UserDescriptor wanted = UserDescriptor.Read(given);
        if (entry < machine.Architecture.FirstTls || entry >= machine.Architecture.FirstTls + Selectors.TlsEntries || !wanted.IsAllowed)
            return -Errno.EINVAL;
        GuestTask guest = _guest;
        guest[TaskLayout.TlsArray + (entry - machine.Architecture.FirstTls) * 8] = wanted.Encode();
        return 0;
    }

    private long SetThreadAreas(ReadOnlySpan<byte> given)
    {
        for (int i = 0; i < given.Length / ThreadAreaSize; i++)
        {
            if (SetThreadArea(machine.Architecture.FirstTls + i, given[(i * ThreadAreaSize)..]) is var error && error != 0)
                return error;
        }

        return 0;
    }
}
