using System.Runtime.InteropServices;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Silicon;

/// <summary>What a snippet starts with, as it lies in the shared memory; the worker reads the first <see cref="InputField.DataSelector"/> + 8 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = WorkerLayout.InputSize)]
internal unsafe struct CaseInput
{
    /// <summary>RAX to R15 in the order of their encoding.</summary>
    [FieldOffset(InputField.Registers)]
    public fixed ulong Registers[16];

    /// <summary>RFLAGS.</summary>
    [FieldOffset(InputField.Flags)]
    public ulong Flags;

    /// <summary>Offset of the instruction in its code segment.</summary>
    [FieldOffset(InputField.Target)]
    public uint Offset;

    /// <summary>CS.</summary>
    [FieldOffset(InputField.Target + 4)]
    public uint CodeSelector;

    /// <summary>Base of FS.</summary>
    [FieldOffset(InputField.FsBase)]
    public ulong FsBase;

    /// <summary>Base of GS.</summary>
    [FieldOffset(InputField.GsBase)]
    public ulong GsBase;

    /// <summary>Address of the XSAVE image in the worker.</summary>
    [FieldOffset(InputField.Image)]
    public ulong ImageAddress;

    /// <summary>Selector of FS and GS.</summary>
    [FieldOffset(InputField.FsGsSelector)]
    public ulong FsGsSelector;

    /// <summary>Selector of DS and ES.</summary>
    [FieldOffset(InputField.DataSelector)]
    public ulong DataSelector;

    /// <summary>Bytes of the instruction as the emulator decodes it; behind it stands the way out.</summary>
    [FieldOffset(192)]
    public int Length;

    /// <summary>Which instruction of the batch it is.</summary>
    [FieldOffset(196)]
    public int Snippet;

    /// <summary>Index of the XSAVE image.</summary>
    [FieldOffset(200)]
    public int Image;

    /// <summary>Sets the segments of code of a width.</summary>
    /// <param name="bitness">16, 32 or 64.</param>
    /// <param name="address">Linear address of the instruction.</param>
    /// <param name="dataSelector">DS and ES.</param>
    public void SetSegments(int bitness, uint address, ushort dataSelector)
    {
        CodeSelector = UserSegments.CodeFor(bitness);
        Offset = address - (uint)UserSegments.BaseOf(CodeSelector);
        DataSelector = dataSelector;
        FsGsSelector = bitness == 64 ? 0ul : UserSegments.Data;
    }

    /// <summary>Whether it is 64-bit code.</summary>
    public readonly bool Is64Bit => CodeSelector == UserSegments.Code64;

    /// <summary>A register.</summary>
    public ulong this[Gpr register]
    {
        readonly get => Registers[(int)register];
        set => Registers[(int)register] = value;
    }
}

/// <summary>The segments that Linux gives programs.</summary>
internal static class UserSegments
{
    /// <summary>64-bit code.</summary>
    public const ushort Code64 = 0x33;

    /// <summary>32-bit code.</summary>
    public const ushort Code32 = 0x23;

    /// <summary>Data and stack.</summary>
    public const ushort Data = 0x2B;

    /// <summary>In the LDT: 16-bit code that begins at <see cref="WorkerLayout.Code"/>.</summary>
    public const ushort Code16 = 0x07;

    /// <summary>In the LDT: data that begin at <see cref="WorkerLayout.Data"/>, so that 16-bit addresses reach them.</summary>
    public const ushort NearData = 0x0F;

    /// <summary>The code segment for code of a width.</summary>
    public static ushort CodeFor(int bitness) => bitness switch { 64 => Code64, 32 => Code32, _ => Code16 };

    /// <summary>The base of a selector.</summary>
    public static ulong BaseOf(ulong selector) => selector switch { Code16 => WorkerLayout.Code, NearData => WorkerLayout.Data, _ => 0 };
}
