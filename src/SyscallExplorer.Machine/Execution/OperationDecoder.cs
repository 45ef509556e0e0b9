using System.Runtime.CompilerServices;
using Iced.Intel;

namespace SyscallExplorer.Machine;

/// <summary>Turns bytes into an <see cref="Operation"/>: Iced decodes, the instruction table gives the handler, the microarchitecture the cost.</summary>
internal sealed unsafe class OperationDecoder(CpuModel model)
{
    private const int MaxLength = 15;
    private const byte ThreeByteVex = 0xC4;

    /// <summary>SDM vol. 2D, table A-2, superscript i64, and the undefined D6.</summary>
    private static readonly byte[] InvalidIn64BitMode =
    [
        0x06, 0x07, 0x0E, 0x16, 0x17, 0x1E, 0x1F, 0x27, 0x2F, 0x37, 0x3F, 0x60, 0x61, 0x82, 0x9A, 0xCE, 0xD4, 0xD5, 0xD6, 0xEA,
    ];

    private readonly DecoderOptions _options = model.Decoding;

    /// <summary>Whether the events that instructions ask for go by FRED: they cost what its delivery does, and not what the IDT's would.</summary>
    public bool DeliversByFred { get; set; }

    /// <summary>Decodes one instruction.</summary>
    /// <param name="bytes">What is there to read, at most 15 bytes matter.</param>
    /// <param name="bitness">16, 32 or 64.</param>
    /// <param name="needsMoreBytes">Whether the instruction goes on behind the end of <paramref name="bytes"/>.</param>
    /// <returns>Null only with <paramref name="needsMoreBytes"/>; an illegal encoding becomes an operation that raises its fault.</returns>
    public Operation? Decode(ReadOnlySpan<byte> bytes, int bitness, out bool needsMoreBytes)
    {
        if (bytes.Length > MaxLength)
            bytes = bytes[..MaxLength];
        Decoder decoder = Decoder.Create(bitness, new ByteArrayCodeReader(bytes.ToArray()), 0, _options);
        decoder.Decode(out Instruction instruction);
        if (instruction.Code == Code.Pause && bitness == 64 && ExtendsRegister(bytes[instruction.Length - 2]))
            instruction = DecodeExchange(bytes, bitness);
        bool settled = !instruction.IsInvalid || IsInvalidByItsOpcode(bytes, bitness);
        needsMoreBytes = !settled && decoder.LastError == DecoderError.NoMoreBytes && bytes.Length < MaxLength;
        if (needsMoreBytes)
            return null;
        if (bitness != 64 && model.Vendor == CpuVendor.Amd && IsWideElementMove(instruction.Code, bytes))
            instruction = default;
        return Build(instruction, bitness, FloatOpcodeOf(bytes, bitness), tooLong: !settled && bytes.Length == MaxLength && RunsOverLimit(bytes, bitness));
    }

    /// <summary>VPINSRD and VPEXTRD with VEX.W are VPINSRQ and VPEXTRQ, which AMD refuses outside 64-bit mode; Intel ignores the bit there.</summary>
    private static bool IsWideElementMove(Code code, ReadOnlySpan<byte> bytes) =>
        code is Code.VEX_Vpinsrd_xmm_xmm_rm32_imm8 or Code.VEX_Vpextrd_rm32_xmm_imm8 && (bytes[bytes.IndexOf(ThreeByteVex) + 2] & 0x80) != 0;

    /// <summary>F3 90 is PAUSE, but with REX.B the register is R8 and it is XCHG. SDM vol. 2D, table A-2, opcode 90.</summary>
    private Instruction DecodeExchange(ReadOnlySpan<byte> bytes, int bitness)
    {
        Decoder decoder = Decoder.Create(bitness, new ByteArrayCodeReader(bytes.ToArray()), 0, _options | DecoderOptions.NoPause);
        return decoder.Decode();
    }

    /// <summary>REX.B.</summary>
    private static bool ExtendsRegister(byte prefix) => (prefix & 0xF1) == 0x41;

    /// <summary>
    /// Whether an instruction that is no good within 15 bytes is too long, which is #GP, and not merely invalid, which is #UD. It is asked
    /// without one of its redundant prefixes: if it still wants more bytes than there are, it was the length.
    /// </summary>
    private bool RunsOverLimit(ReadOnlySpan<byte> bytes, int bitness)
    {
        int redundant = 0;
        for (int i = 0; i < bytes.Length - 1 && InstructionPrefixes.IsLegacy(bytes[i]); i++)
        {
            if (bytes[(i + 1)..].IndexOf(bytes[i]) is int next and >= 0 && IsPrefixRun(bytes.Slice(i + 1, next)))
                redundant = i;
        }

        byte[] shorter = [.. bytes[..redundant], .. bytes[(redundant + 1)..]];
        Decoder decoder = Decoder.Create(bitness, new ByteArrayCodeReader(shorter), 0, _options);
        decoder.Decode(out _);
        return decoder.LastError == DecoderError.NoMoreBytes;
    }

    /// <summary>Opcodes that 64-bit mode took away are invalid whatever follows; the decoder would still ask for a ModRM byte.</summary>
    private static bool IsInvalidByItsOpcode(ReadOnlySpan<byte> bytes, int bitness)
    {
        int opcode = InstructionPrefixes.Skip(bytes, bitness);
        return bitness == 64 && opcode < bytes.Length && InvalidIn64BitMode.Contains(bytes[opcode]);
    }

    /// <summary>The opcode of an x87 instruction as FOP has it, or 0. SDM vol. 1, 8.1.9.</summary>
    private static ushort FloatOpcodeOf(ReadOnlySpan<byte> bytes, int bitness)
    {
        int opcode = InstructionPrefixes.Skip(bytes, bitness);
        bool escape = opcode + 1 < bytes.Length && (bytes[opcode] & 0xF8) == 0xD8;
        return escape ? (ushort)(((bytes[opcode] & 7) << 8) | bytes[opcode + 1]) : (ushort)0;
    }

    private static bool IsPrefixRun(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (!InstructionPrefixes.IsLegacy(value))
                return false;
        }

        return true;
    }

    private static bool AsksForEvent(Code code) => code is Code.Syscall or Code.Sysenter or Code.Int_imm8 or Code.Int3 or Code.Int1;

    private Operation Build(in Instruction instruction, int bitness, ushort floatOpcode, bool tooLong)
    {
        Figure figure = DeliversByFred && AsksForEvent(instruction.Code)
            ? model.Microarchitecture.FigureOf(TimingEvent.FredDelivery)!
            : model.Microarchitecture.FigureOf(instruction);
        delegate*<Processor, Operation, Outcome> handler = tooLong ? &RaiseTooLong
            : instruction.IsInvalid ? &RaiseInvalid
            : model.Implements(instruction) ? InstructionTable.HandlerOf(instruction.Code)
            : &RaiseInvalid;

        if (handler == null)
            handler = &ReportUnsupported;

        Register memoryBase = instruction.MemoryBase;
        bool ripRelative = instruction.IsIPRelativeMemoryOperand;
        int nextIp = instruction.Length;
        int addressBits = AddressBits(instruction, bitness);

        return new Operation
        {
            Instruction = instruction,
            Execute = handler,
            Length = Math.Max(1, instruction.Length),
            Cost = figure.Cost,
            Figure = figure.Index,
            IsRefined = RefinedFigures.Refine(instruction.Code),
            Op0 = OperandOf(instruction, 0),
            Op1 = OperandOf(instruction, 1),
            Op2 = OperandOf(instruction, 2),
            Op3 = OperandOf(instruction, 3),
            Immediate = ImmediateOf(instruction),
            Displacement = IsNearBranch(instruction) ? instruction.NearBranchTarget - (ulong)nextIp : 0,
            Base = ripRelative || memoryBase == Register.None ? -1 : IndexOf(memoryBase),
            Index = instruction.MemoryIndex == Register.None || instruction.IsVsib ? -1 : IndexOf(instruction.MemoryIndex),
            VectorIndex = instruction.IsVsib ? instruction.MemoryIndex.GetNumber() : -1,
            Scale = instruction.MemoryIndexScale,
            MemoryDisplacement = ripRelative ? instruction.IPRelativeMemoryAddress - (ulong)nextIp : instruction.MemoryDisplacement64,
            IsRipRelative = ripRelative,
            AddressMask = addressBits == 64 ? ulong.MaxValue : (1ul << addressBits) - 1,
            Segment = EffectiveSegment(instruction, bitness),
            FloatOpcode = floatOpcode,
            EndsBlock = EndsBlock(instruction),
        };
    }

    private static bool EndsBlock(in Instruction instruction) =>
        instruction.FlowControl != FlowControl.Next || instruction.IsPrivileged
        || instruction.Mnemonic is Mnemonic.Popf or Mnemonic.Popfd or Mnemonic.Popfq or Mnemonic.Sti or Mnemonic.Swapgs;

    private static bool IsNearBranch(in Instruction instruction) =>
        instruction.Op0Kind is OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64;

    private static int AddressBits(in Instruction instruction, int bitness)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            switch (instruction.GetOpKind(i))
            {
                case OpKind.MemorySegSI or OpKind.MemorySegDI or OpKind.MemoryESDI:
                    return 16;
                case OpKind.MemorySegESI or OpKind.MemorySegEDI or OpKind.MemoryESEDI:
                    return 32;
                case OpKind.MemorySegRSI or OpKind.MemorySegRDI or OpKind.MemoryESRDI:
                    return 64;
                case OpKind.Memory:
                    Register register = instruction.MemoryBase != Register.None || instruction.IsVsib ? instruction.MemoryBase : instruction.MemoryIndex;
                    if (register == Register.RIP)
                        return 64;
                    if (register == Register.EIP)
                        return 32;
                    int size = register == Register.None ? instruction.MemoryDisplSize : register.GetSize();
                    return size switch { 2 => 16, 4 => 32, 8 => 64, _ => bitness };
            }
        }

        // LOOP and JRCXZ count in a register of the address size without a memory operand: their forms tell it.
        int formSize = instruction.Code.ToOpCode().AddressSize;
        return formSize != 0 ? formSize : bitness;
    }

    private static Operand OperandOf(in Instruction instruction, int index)
    {
        if (index >= instruction.OpCount)
            return default;
        switch (instruction.GetOpKind(index))
        {
            case OpKind.Register:
                Register register = instruction.GetOpRegister(index);
                if (register is >= Register.AH and <= Register.BH)
                    return new Operand(OperandKind.HighByte, (byte)(register - Register.AH));
                if (register.IsGPR())
                    return new Operand(OperandKind.Register, (byte)IndexOf(register));
                if (register.IsSegmentRegister())
                    return new Operand(OperandKind.System, (byte)SegmentOf(register));
                if (register.IsVectorRegister())
                    return new Operand(OperandKind.Vector, (byte)register.GetNumber());
                if (register.IsMM())
                    return new Operand(OperandKind.Mmx, (byte)register.GetNumber());
                if (register.IsST())
                    return new Operand(OperandKind.FloatStack, (byte)register.GetNumber());
                return new Operand(OperandKind.System, (byte)register.GetNumber());
            case OpKind.Immediate8 or OpKind.Immediate8_2nd or OpKind.Immediate16 or OpKind.Immediate32 or OpKind.Immediate64
                or OpKind.Immediate8to16 or OpKind.Immediate8to32 or OpKind.Immediate8to64 or OpKind.Immediate32to64:
                return new Operand(OperandKind.Immediate, 0);
            case OpKind.NearBranch16 or OpKind.NearBranch32 or OpKind.NearBranch64 or OpKind.FarBranch16 or OpKind.FarBranch32:
                return default;
            default:
                return new Operand(OperandKind.Memory, 0);
        }
    }

    private static ulong ImmediateOf(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            if (kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64)
                return instruction.GetImmediate(i);
        }

        return 0;
    }

    // Iced counts AH to BH among the byte registers, so that their own numbers are not those of the registers they are part of.
    private static int IndexOf(Register register) => register.GetFullRegister().GetNumber();

    /// <summary>64-bit mode ignores the prefixes of ES, CS, SS and DS: an address through RSP or RBP stays one of the stack. SDM vol. 1, 3.4.2.1.</summary>
    private static SegmentName EffectiveSegment(in Instruction instruction, int bitness)
    {
        if (bitness != 64 || instruction.SegmentPrefix is Register.None or Register.FS or Register.GS)
            return SegmentOf(instruction.MemorySegment);
        return instruction.MemoryBase is Register.RSP or Register.RBP or Register.ESP or Register.EBP ? SegmentName.SS : SegmentName.DS;
    }

    private static SegmentName SegmentOf(Register register) => register switch
    {
        Register.ES => SegmentName.ES,
        Register.CS => SegmentName.CS,
        Register.SS => SegmentName.SS,
        Register.FS => SegmentName.FS,
        Register.GS => SegmentName.GS,
        _ => SegmentName.DS,
    };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Outcome RaiseInvalid(Processor cpu, Operation op) => cpu.Raise(Vector.InvalidOpcode);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Outcome RaiseTooLong(Processor cpu, Operation op) => cpu.Raise(Vector.GeneralProtection, 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Outcome ReportUnsupported(Processor cpu, Operation op) => Outcome.Unsupported;
}
